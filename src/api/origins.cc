#include "api/origins.h"

namespace eai::api {

void Origins::note(std::string chat, std::string client, Inside inside) {
  by_chat_.insert_or_assign(std::move(chat), Origin{std::move(client), inside});
}

std::string Origins::of(std::string_view path) const {
  for (std::size_t end = path.size(); end != std::string_view::npos && end > 0;
       end = path.substr(0, end).find_last_of(".[")) {
    const auto found = by_chat_.find(path.substr(0, end));
    if (found == by_chat_.end()) continue;
    const auto& [client, inside] = found->second;
    return inside == Inside::same ? client + std::string(path.substr(end)) : client;
  }
  return std::string(path);
}

Error Origins::told(Error error) const {
  const std::string client = of(error.about);
  if (client == error.about) return error;
  const std::string quoted = "'" + error.about + "'";
  for (auto at = error.message.find(quoted); at != std::string::npos;
       at = error.message.find(quoted, at + client.size()))
    error.message.replace(at, quoted.size(), "'" + client + "'");
  error.about = client;
  return error;
}

}  // namespace eai::api
