// The bodies of requests, by each API's rules: what is taken is JSON that the same rules take again unchanged, and a
// picture stands where the request says; what is refused says why. Content codings and grammars are read, too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "api/checked_request.h"
#include "api/grammar_bounds.h"
#include "api/usage.h"
#include "http/content_coding.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::api;
  const std::string text(reinterpret_cast<const char*>(data), size);
  Usage usage;
  read_usage(text, usage);
  (void)check_grammar(text, "grammar");
  for (const char* coding : {"gzip", "deflate", "zstd"}) (void)eai::http::decode_content(text, coding, 100'000);
  for (const Endpoint& endpoint : endpoints()) {
    auto request = check_request(endpoint, text);
    if (!request) {
      if (request.error().message.empty()) std::abort();
      continue;
    }
    for (const PictureSpot& spot : request->chat.pictures) {
      if (!spot.at->is_string() || spot.path.empty()) std::abort();
    }
    if (request->translation) continue;
    auto again = check_request(endpoint, request->tree.text());
    if (!again || !again->ignored.empty() || again->tree.text() != request->tree.text()) std::abort();
  }
  return 0;
}
