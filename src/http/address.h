// Why: some rules depend on whether a peer is nearby: plain http may only go there, and a picture must not come from
// there.
// Thread: any; pure functions.
// Source: IANA special-purpose address registries (RFC 6890 and what was added).
#pragma once

#include <string_view>

namespace eai::http {

// Whether a numeric address ("192.168.1.7", "::1", "fe80::1%eth0", "::ffff:10.0.0.1") is loopback, link-local, private
// or shared (RFC 1918, RFC 4193, RFC 6598). What is no numeric address is not private.
bool is_private_address(std::string_view address);

// Whether a numeric address belongs to the public internet: not what is private above, nor unspecified, multicast, broadcast,
// reserved, for documentation or for tests, nor a cloud's address for its own machines. An IPv6 address that stands for
// an IPv4 one (mapped, NAT64) is judged by that one; other ways of wrapping one (6to4, Teredo, compatible) are not public.
bool is_public_address(std::string_view address);

}  // namespace eai::http
