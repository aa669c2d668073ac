// Why: gateways answer in many ways that are not what was asked. Said here, once, what each means for us.
// Thread: any; pure functions.
// Source: RFC 9110 (ranges, Retry-After), the HTTP gateway specifications of IPFS.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "http/client.h"
#include "util/bytes.h"

namespace eai::fetch {

struct Answer {
  enum class Meaning {
    good,   // the body is what was asked for, as far as a header can tell
    lacks,  // this source does not serve it; asking it again for this piece is no use
    later,  // a trouble that may pass
    wrong,  // it breaks the protocol: not what was asked for
  } meaning = Meaning::wrong;
  std::string why;  // for people: "HTTP 404", "a web page instead of the content"
  std::optional<std::chrono::seconds> retry_after;
  bool ranges_ignored = false;         // good, but the body starts at byte 0
  std::optional<std::uint64_t> total;  // bytes of the whole content, as this source claims
  bool length_known = false;           // the body's end is told by the protocol, not by the connection
};

// `asked`: the range sent, nothing for a request of the whole. `size`: of the whole, if it is known for sure.
Answer judge(const http::ResponseHead& head, std::optional<ByteRange> asked, std::optional<std::uint64_t> size);

// "120" or an HTTP date; nothing if it is neither. Never negative.
std::optional<std::chrono::seconds> parse_retry_after(std::string_view text, std::chrono::system_clock::time_point now);

struct ContentRange {
  ByteRange range;
  std::optional<std::uint64_t> total;  // nothing for "*"
  bool operator==(const ContentRange&) const = default;
};
// "bytes 0-99/1000"
std::optional<ContentRange> parse_content_range(std::string_view text);

// Where in the last bytes of a body of untold length a gateway's error text begins that was appended to it; nothing if
// there is none.
std::optional<std::size_t> find_appended_error(ByteView tail);

}  // namespace eai::fetch
