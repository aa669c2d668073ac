// Why: a host has several addresses, and a client tries the one that it likes best: `localhost` is ::1 for some and
// 127.0.0.1 for others. The server listens on all of them, with one port.
// Thread: any; the sockets belong to the thread of their io_context. Names are resolved, which may take a while.
// What holds: all sockets have the same port, or there are none. What a host means:
//   "localhost"   127.0.0.1 and ::1, whatever the resolver says
//   "0.0.0.0"     every IPv4 address of this machine, and ::1, so that http://localhost works as well
//   "::"          every address of this machine, IPv4 ones too
//   an address    that one; an IPv6 one may have brackets
//   a name        every address that the resolver knows for it
// Source: RFC 6761, section 6.3 (localhost); RFC 3493, section 5.3 (IPV6_V6ONLY).
#pragma once

#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "util/result.h"

namespace eai::http {

// Code::invalid: nobody knows this host.
Result<std::vector<std::string>> listen_addresses(const std::string& host);

// Whether only programs on this machine reach every one of these addresses.
bool are_loopback(const std::vector<std::string>& addresses);

struct Listeners {
  std::vector<boost::asio::ip::tcp::acceptor> sockets;  // bound and listening; at least one
  std::uint16_t port = 0;
  std::vector<std::string> left_out;  // "::1: Cannot assign requested address": this machine lacks it
};

// Port 0 takes one that is free on all of the addresses. An address that this machine does not have, because it has no
// IPv6 for example, is left out as long as there is another one. Code::busy: the port is in use on one of them;
// Code::invalid: this machine has none of them.
Result<Listeners> open_listeners(boost::asio::io_context& context, const std::string& host, std::uint16_t port);

}  // namespace eai::http
