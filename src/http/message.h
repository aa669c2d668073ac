// Why: the words that server and engine connections share: headers and a whole message.
// Thread: plain values.
// Source: RFC 9110 (semantics), RFC 9112 (HTTP/1.1).
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace eai::http {

// In the order of the wire. Names of received messages are in lower case.
using HeaderList = std::vector<std::pair<std::string, std::string>>;

// The first value, or "" where there is none. `name` in lower case.
std::string_view find_header(const HeaderList& headers, std::string_view name);
int count_header(const HeaderList& headers, std::string_view name);

// Belongs to one connection, not to the message (RFC 9110 §7.6.1): never relayed. `name` in lower case.
bool is_hop_by_hop(std::string_view name);

// Fit for a header value: visible ASCII and blanks stay, all else becomes '?', cut at `limit` bytes.
std::string header_safe(std::string_view text, std::size_t limit = 200);

std::string_view reason_of(int status);  // "OK"; "" for a status that nobody here sends

// A whole answer.
struct Reply {
  int status = 200;
  HeaderList headers;
  std::string body;
};

}  // namespace eai::http
