#include "http/listeners.h"

#include <algorithm>
#include <optional>

#include <boost/asio/ip/v6_only.hpp>

#include "http/authority.h"
#include "util/text.h"

namespace eai::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Address = asio::ip::address;
using ErrorCode = boost::system::error_code;

constexpr int k_tries = 30;  // for a port that is free on every address

// The machine has no such address, or does not speak its protocol.
bool is_missing(const ErrorCode& failure) {
  return failure == boost::system::errc::address_not_available ||
         failure == boost::system::errc::address_family_not_supported ||
         failure == boost::system::errc::protocol_not_supported || failure == boost::system::errc::network_unreachable;
}

ErrorCode open(tcp::acceptor& socket, const Address& address, std::uint16_t port) {
  const tcp::endpoint endpoint(address, port);
  ErrorCode failure;
  socket.open(endpoint.protocol(), failure);
  if (!failure) socket.set_option(tcp::acceptor::reuse_address(true), failure);
  // "::" is for both families, as people expect it; systems differ in what they do by themselves.
  if (!failure && address.is_v6()) socket.set_option(asio::ip::v6_only(!address.is_unspecified()), failure);
  if (!failure) socket.bind(endpoint, failure);
  if (!failure) socket.listen(asio::socket_base::max_listen_connections, failure);
  return failure;
}

Failure cannot(const std::string& where, std::uint16_t port, const ErrorCode& failure) {
  const Code code = failure == asio::error::address_in_use ? Code::busy : Code::invalid;
  return fail(code, "cannot listen on " + where + " port " + std::to_string(port) + ": " + failure.message());
}

// One port for all addresses. Nothing: a port that the system chose for the first one is taken on another one.
Result<std::optional<Listeners>> try_port(asio::io_context& context, const std::vector<Address>& addresses,
                                          std::uint16_t port) {
  Listeners out;
  out.port = port;
  ErrorCode last;
  for (const Address& address : addresses) {
    tcp::acceptor socket(context);
    last = open(socket, address, out.port);
    if (is_missing(last)) {
      out.left_out.push_back(address.to_string() + ": " + last.message());
      continue;
    }
    if (last == asio::error::address_in_use && port == 0 && !out.sockets.empty()) return std::nullopt;
    if (last) return cannot(address.to_string(), out.port, last);
    out.port = socket.local_endpoint().port();
    out.sockets.push_back(std::move(socket));
  }
  if (out.sockets.empty()) return cannot(addresses.front().to_string(), port, last);
  return std::optional(std::move(out));
}

}  // namespace

Result<std::vector<std::string>> listen_addresses(const std::string& host) {
  std::string name = lower(host);
  if (name.ends_with('.')) name.pop_back();
  if (is_localhost(name)) return std::vector<std::string>{"127.0.0.1", "::1"};
  if (name.starts_with('[') && name.ends_with(']')) name = name.substr(1, name.size() - 2);
  if (name == "0.0.0.0") return std::vector<std::string>{name, "::1"};
  ErrorCode failure;
  asio::io_context context;
  tcp::resolver resolver(context);
  const auto found = resolver.resolve(name, "0", tcp::resolver::passive, failure);
  if (!failure && found.empty()) failure = asio::error::host_not_found;
  if (failure) return fail(Code::invalid, "cannot listen on " + printable(host) + ": " + failure.message());
  std::vector<std::string> out;
  for (const auto& entry : found) {
    std::string address = entry.endpoint().address().to_string();
    if (std::ranges::find(out, address) == out.end()) out.push_back(std::move(address));
  }
  return out;
}

bool are_loopback(const std::vector<std::string>& addresses) {
  return std::ranges::all_of(addresses, [](const std::string& text) {
    ErrorCode failure;
    const Address address = asio::ip::make_address(text, failure);
    return !failure && address.is_loopback();
  });
}

Result<Listeners> open_listeners(asio::io_context& context, const std::string& host, std::uint16_t port) {
  EAI_TRY(const auto texts, listen_addresses(host));
  std::vector<Address> addresses;
  for (const std::string& text : texts) addresses.push_back(asio::ip::make_address(text));
  for (int tries = 0; tries < k_tries; ++tries) {
    EAI_TRY(auto opened, try_port(context, addresses, port));
    if (opened) return *std::move(opened);
  }
  return fail(Code::busy, "no port is free on every address of " + printable(host));
}

}  // namespace eai::http
