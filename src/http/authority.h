// Why: Host headers, origins and settings all name hosts, and a server that mistakes one host for another lets a
// stranger in. They share one strict grammar.
// Thread: any; pure functions and plain values.
// What holds: text that parses consists of one host and at most one port and nothing else: no user, path or blank, and
// no second colon. The result is canonical, so equal hosts have equal texts.
// Source: RFC 9110, section 7.2 (Host); RFC 3986, section 3.2.2; RFC 5890 for names in other scripts; WHATWG URL, "host
// parsing" (what browsers send).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eai::http {

enum class HostKind : std::uint8_t { name, ipv4, ipv6 };

struct Authority {
  std::string host;  // lower case, without a final dot; an IPv6 address in its shortest form, without brackets
  HostKind kind = HostKind::name;
  std::optional<std::uint16_t> port;

  bool operator==(const Authority&) const = default;
  std::string host_text() const;  // as it stands in an address: "[::1]", "localhost"
  std::string str() const;        // with its port, if it has one
};

// "localhost", "127.0.0.1:8080", "[::1]:8080", "my_box.local". A port is 1 to 65535. Names are of ASCII letters, digits,
// '-' and '_', with labels of 1 to 63 and 253 in all.
std::optional<Authority> parse_authority(std::string_view text);

// Whether the name means this machine wherever it is resolved (RFC 6761): "localhost", "app.localhost". In lower case.
bool is_localhost(std::string_view host);

// Whether a stranger on the internet can never make this name point anywhere, because the public DNS does not have it:
// a name without a dot, or one below a suffix for private networks (RFC 6762, RFC 8375, ICANN's .internal). In lower
// case.
bool is_private_name(std::string_view host);

// Whether browsers take the name for an IPv4 address in an odd form, such as 127.1, and send it as four numbers. In lower
// case.
bool ends_in_number(std::string_view host);

// The name in ASCII: "bücher.example" becomes "xn--bcher-kva.example", and ASCII stays. Nothing: it is not a name, or
// this machine's libcurl knows no names in other scripts.
std::optional<std::string> to_ascii_name(std::string_view host);

// "example.com" fits itself alone; "*.example.com" every name below it, at any depth. Both in lower case.
bool host_fits(std::string_view pattern, std::string_view host);

}  // namespace eai::http
