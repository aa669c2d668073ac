// Why: gateways answer in many ways that are not what was asked. What each of them means for us is said here, once.
// Thread: any; pure functions.
// Source: RFC 9110 (ranges), the HTTP gateway specifications of IPFS.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "http/client.h"
#include "util/bytes.h"

namespace eai::peers {

struct Judgement {
  enum class Meaning {
    good,   // the body is what was asked for, as far as a header can tell
    lacks,  // this source does not serve it, and asking it again for this piece is no use
    later,  // trouble that may pass
    wrong,  // it breaks the protocol: this is not what was asked for
  } meaning = Meaning::wrong;
  int status = 0;
  std::string why;  // for people: "HTTP 404", "a web page instead of the content"
  std::optional<std::chrono::seconds> retry_after;
  bool ranges_ignored = false;         // good, but the body starts at byte 0
  std::optional<std::uint64_t> total;  // bytes of the whole content, as this source claims
  bool length_known = false;           // the protocol tells where the body ends, not the connection

  bool good() const { return meaning == Meaning::good; }
  bool refused() const { return meaning == Meaning::lacks || meaning == Meaning::wrong; }
};

// `asked`: the range that was sent; nothing for a request for the whole. `size`: of the whole, if it is known for sure.
Judgement judge(const http::ResponseHead& head, std::optional<ByteRange> asked, std::optional<std::uint64_t> size);

// The same for a URL that redirected us to this answer. An address that is signed expires, and whoever signs can be asked
// for another one.
Judgement judge_redirected(Judgement judgement);

struct ContentRange {
  ByteRange range;
  std::optional<std::uint64_t> total;  // nothing for "*"
  bool operator==(const ContentRange&) const = default;
};
// "bytes 0-99/1000"
std::optional<ContentRange> parse_content_range(std::string_view text);

// Some gateways append an error text to a body of untold length. Where in the last bytes of the body that text begins;
// nothing if there is none.
std::optional<std::size_t> find_appended_error(ByteView tail);

}  // namespace eai::peers
