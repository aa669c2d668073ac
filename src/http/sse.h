// Why: server-sent events are written for clients, read from the image engine and from our own server, and passed on
// from the chat engines. This is the one place that knows what they look like.
// Thread: any; plain values.
// What holds: whatever data is given, the writer's text reads back as one event; the reader takes the bytes in any cuts
// and never holds more than its limit.
// Source: WHATWG HTML, section 9.2 "Server-sent events" (lines end in LF, CRLF or CR; a BOM may come first).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::http {

inline constexpr std::size_t k_sse_limit = 1 << 20;  // bytes of one event, unless the reader is told otherwise

// What the writer writes. Line breaks in `event` and `id` are dropped: they would end the field.
struct SseFields {
  std::string_view data;
  std::string_view event = {};  // empty: the field is left out
  std::string_view id = {};
  std::optional<std::chrono::milliseconds> retry = {};  // how long a client should wait before it connects again
};

// An event with the blank line that ends it.
std::string sse_event(const SseFields& fields);
// A comment, which clients ignore: it keeps a connection alive and tells a person what goes on.
std::string sse_comment(std::string_view text);

// The end of the last whole event in `bytes`, for passing events on unread. 0 if there is none.
std::size_t end_of_sse_events(std::string_view bytes);

// What the reader reads: an event, or the comments between two blank lines that have no event.
struct SseEvent {
  std::string event;    // empty where the stream names none
  std::string data;     // its lines, joined by LF
  std::string comment;  // its lines, joined by LF, without the blank after the colon
};

class SseReader {
 public:
  explicit SseReader(std::size_t limit = k_sse_limit) : limit_(limit) {}

  // Adds bytes of the stream. Code::network if the event they belong to is larger than the limit; nothing more can be
  // read then. next() must have returned nothing before more is fed, or the events that wait count against the limit
  // too.
  Result<void> feed(std::string_view bytes);
  // The next whole event that has data or a comment.
  std::optional<SseEvent> next();

  // What the stream has said last, for connecting again.
  const std::string& last_id() const { return last_id_; }
  std::optional<std::chrono::milliseconds> retry() const { return retry_; }

 private:
  std::optional<std::string_view> next_line();
  void take_line(std::string_view line);

  std::size_t limit_;
  std::string buffer_;
  std::size_t begin_ = 0;      // of what no line was taken of yet
  std::size_t looked_at_ = 0;  // how far the end of the line was looked for
  bool at_start_ = true, after_return_ = false, has_data_ = false, has_comment_ = false;
  SseEvent pending_;
  std::string last_id_;
  std::optional<std::chrono::milliseconds> retry_;
};

}  // namespace eai::http
