// Why: the words that our server and the client for Unix sockets share: headers and a whole message.
// Thread: plain values.
// Source: RFC 9110 (semantics), RFC 9112 (HTTP/1.1).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eai::http {

// In the order of the wire. The names in received messages are in lower case.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The first value, or "" if there is none. `name` is in lower case.
std::string_view find_header(const HeaderList& headers, std::string_view name);
int count_header(const HeaderList& headers, std::string_view name);

// Whether the header belongs to one connection and not to the message (RFC 9110 §7.6.1), so that it is never relayed.
// `name` is in lower case.
bool is_hop_by_hop(std::string_view name);

// The text made fit for a header value: visible ASCII and blanks stay, everything else becomes '?', and the rest after
// `limit` bytes is cut off.
std::string header_safe(std::string_view text, std::size_t limit = 200);

std::string_view reason_of(int status);  // "OK"; "" for an unknown status

// A whole answer of one of our own servers, as it is sent and as UnixClient receives it. What other machines answer is
// a Response (client.h).
struct Reply {
  int status = 200;
  HeaderList headers;
  std::string body;
};

}  // namespace eai::http
