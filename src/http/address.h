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

}  // namespace eai::http
