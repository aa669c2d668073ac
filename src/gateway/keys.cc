#include "gateway/keys.h"

#include <sys/stat.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <cerrno>

namespace eai::gateway {
namespace {

constexpr std::size_t k_shortest_key = 16;

bool is_blank(char c) { return c == '\r' || c == ' ' || c == '\t'; }

}  // namespace

bool is_loopback(std::string_view host) {
  if (host == "localhost") return true;
  boost::system::error_code failure;
  const auto address = boost::asio::ip::make_address(host, failure);
  return !failure && address.is_loopback();
}

Result<std::vector<std::string>> load_keys(const fs::path& file) {
  struct stat facts {};
  if (stat(file.c_str(), &facts) != 0) return fail_errno("the key file " + file.string(), errno);
  if ((facts.st_mode & 077) != 0) {
    return fail(Code::invalid, "others may read the key file " + file.string() + "; run chmod 600 on it");
  }
  EAI_TRY(const Bytes bytes, read_file(file, 64 * k_kib));
  std::vector<std::string> keys;
  std::string_view rest = text_of(bytes);
  for (int line = 1; !rest.empty(); ++line) {
    const auto end = std::min(rest.find('\n'), rest.size());
    std::string_view key = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    while (!key.empty() && is_blank(key.back())) key.remove_suffix(1);
    if (key.empty() || key.front() == '#') continue;
    const bool visible = std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
    if (key.size() < k_shortest_key || !visible) {
      return fail(Code::invalid, "line " + std::to_string(line) + " of the key file " + file.string() +
                                     " is no key: it takes at least 16 visible ASCII characters without blanks");
    }
    keys.emplace_back(key);
  }
  if (keys.empty()) return fail(Code::invalid, "the key file " + file.string() + " holds no key");
  return keys;
}

Result<void> check_exposure(std::string_view host, const std::vector<std::string>& keys, Auth auth) {
  if (is_loopback(host) || !keys.empty() || auth == Auth::never) return {};
  return fail(Code::invalid, "listening on " + std::string(host) +
                                 " lets other machines in: give a file with API keys, or say that none are wanted");
}

}  // namespace eai::gateway
