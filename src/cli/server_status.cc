#include "cli/server_status.h"

#include <ctime>

#include "cli/server_answer.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace json = boost::json;

Result<json::object> ask_status(const Folders& folders) {
  EAI_TRY(const fs::path socket, library::socket_of(folders));
  EAI_TRY(json::object told, ask_server(socket, "/eai/status"));
  if (!told.contains("models") || !told.at("models").is_array())
    return fail(Code::network, "the server's status has no list of models");
  return told;
}

std::string bytes_of_field(const json::object& object, const char* name) {
  const std::uint64_t bytes = number_in(object, name);
  return bytes == 0 ? "-" : human_bytes(bytes);
}

std::string time_since_field(const json::object& object, const char* name) {
  const std::uint64_t since = number_in(object, name);
  if (since == 0) return "-";
  return human_duration(std::chrono::seconds(std::time(nullptr) - static_cast<std::int64_t>(since)));
}

std::string name_of_model(const library::ServerRecord& record, const std::string& hash) {
  for (std::size_t i = 0; i < record.models.size() && i < record.names.size(); ++i) {
    if (record.models[i] == hash) return record.names[i];
  }
  return hash;
}

json::object json_of_status(const library::ServerRecord& record, const json::object& told) {
  json::object all{{"running", true},          {"pid", record.pid},   {"url", record.address()},
                   {"host", record.host},      {"port", record.port}, {"main_model", record.main_model},
                   {"started", record.started}};
  all["addresses"] = json::array(record.addresses.begin(), record.addresses.end());
  for (const auto& [key, value] : told) {
    if (!all.contains(key)) all[key] = value;
  }
  for (json::value& model : all.at("models").as_array()) {
    json::object& object = model.as_object();
    const std::string hash = text_in(object, "id");
    object["hash"] = hash;
    object["name"] = name_of_model(record, hash);
  }
  return all;
}

}  // namespace eai::cli
