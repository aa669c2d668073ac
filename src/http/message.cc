#include "http/message.h"

#include <algorithm>
#include <array>

#include <boost/beast/http/status.hpp>

namespace eai::http {

std::string_view find_header(const HeaderList& headers, std::string_view name) {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

int count_header(const HeaderList& headers, std::string_view name) {
  return static_cast<int>(
      std::count_if(headers.begin(), headers.end(), [&](const auto& field) { return field.first == name; }));
}

bool is_hop_by_hop(std::string_view name) {
  static constexpr std::array<std::string_view, 10> k_names = {
      "connection",        "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer",
      "transfer-encoding", "upgrade",    "content-length",     "proxy-connection"};
  return std::find(k_names.begin(), k_names.end(), name) != k_names.end();
}

std::string header_safe(std::string_view text, std::size_t limit) {
  std::string safe(text.substr(0, limit));
  for (char& c : safe)
    if (c < 0x20 || c > 0x7e) c = '?';
  return safe;
}

std::string_view reason_of(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  if (known == boost::beast::http::status::unknown) return {};
  const auto reason = boost::beast::http::obsolete_reason(known);
  return {reason.data(), reason.size()};
}

}  // namespace eai::http
