// Streams of server-sent events, read whole and in pieces: both ways must see the same events.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "http/sse.h"

namespace {

constexpr std::size_t k_limit = 4096;

std::vector<std::string> events_of(std::string_view stream, std::size_t step) {
  eai::http::SseReader reader(k_limit);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    if (!reader.feed(stream.substr(at, step))) std::abort();
    while (auto event = reader.next()) {
      // What was read can be written, and reads back the same.
      eai::http::SseReader again(2 * k_limit + 64);
      const std::string written = eai::http::sse_event({.data = event->data, .event = event->event});
      if (!again.feed(written)) std::abort();
      const auto same = again.next();
      if (!same || same->data != event->data || same->event != event->event || again.next()) std::abort();
      out.push_back(event->event + '\0' + event->data + '\0' + event->comment);
    }
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  eai::http::SseReader tight(16);
  (void)tight.feed(text);
  while (tight.next()) {
  }
  if (size > k_limit / 2) return 0;
  const auto whole = events_of(text, size == 0 ? 1 : size);
  if (events_of(text, 1) != whole || events_of(text, 3) != whole) std::abort();
  if (eai::http::end_of_sse_events(text) > size) std::abort();
  return 0;
}
