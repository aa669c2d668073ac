// Why: some rules depend on whether a peer is nearby: plain http may go only to nearby machines, and a picture must not
// come from one.
// Thread: any; pure functions.
// Source: IANA special-purpose address registries (RFC 6890 and later additions).
#pragma once

#include <string>
#include <string_view>

namespace eai::http {

// The host of an http or https URL, in lower case, without brackets: "ipfs.io", "192.168.1.7", "::1". "" if it has none.
std::string host_of(std::string_view url);

// Whether a numeric address ("192.168.1.7", "::1", "fe80::1%eth0", "::ffff:10.0.0.1") is loopback, link-local, private
// or shared (RFC 1918, RFC 4193, RFC 6598). Text that is not a numeric address is not private.
bool is_private_address(std::string_view address);

// Whether a numeric address belongs to the public internet. Private addresses as above do not, and neither do
// unspecified, multicast, broadcast and reserved ones, those for documentation and tests, and a cloud's address for its
// own machines. An IPv6 address that stands for an IPv4 one (mapped, NAT64) is judged by that one; other ways of
// wrapping an IPv4 address (6to4, Teredo, compatible) are not public.
bool is_public_address(std::string_view address);

}  // namespace eai::http
