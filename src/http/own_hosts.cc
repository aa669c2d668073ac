#include "http/own_hosts.h"

#include <algorithm>
#include <array>

#include <unistd.h>

#include "http/address.h"
#include "util/text.h"

namespace eai::http {

bool is_this_machine(std::string_view header) {
  const std::string_view name = header.substr(0, header.find(':'));
  if (name != "127.0.0.1" && name != "localhost") return false;
  if (name.size() == header.size()) return true;
  const std::string_view digits = header.substr(name.size() + 1);
  const auto port = parse_u64(digits);
  return port && digits.size() <= 5 && digits.front() != '0' && *port <= 65535;
}

bool OwnHosts::have(const Authority& asked) const {
  if (std::ranges::any_of(names, [&](const auto& own) { return host_fits(own, asked.host); })) return true;
  if (asked.kind != HostKind::name) return is_private_address(asked.host);
  return is_localhost(asked.host) || (reach == Reach::network && is_private_name(asked.host));
}

bool OwnHosts::know(std::string_view header) const {
  if (is_this_machine(header)) return true;
  const auto asked = parse_authority(header);
  return asked && (asked->kind != HostKind::name || have(*asked));
}

std::vector<std::string> machine_names() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return {};
  const auto own = parse_authority(name.data());
  if (!own || own->port) return {};
  return {own->host, own->host.substr(0, own->host.find('.'))};
}

}  // namespace eai::http
