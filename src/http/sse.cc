#include "http/sse.h"

#include <algorithm>

#include "util/text.h"

namespace eai::http {
namespace {

constexpr std::string_view k_bom = "\xEF\xBB\xBF";

// Calls `take` with each line of `text`, whichever way it ends. The empty text has one line.
template <typename Take>
void each_line(std::string_view text, Take take) {
  for (;;) {
    const auto end = text.find_first_of("\r\n");
    take(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + (text.substr(end, 2) == "\r\n" ? 2 : 1));
  }
}

void append_field(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(": ").append(value).append("\n");
}

void append_one_line(std::string& to, std::string_view name, std::string_view value) {
  if (value.empty()) return;
  if (value.find_first_of("\r\n") == std::string_view::npos) return append_field(to, name, value);
  std::string joined;
  each_line(value, [&](std::string_view line) { joined.append(line); });
  append_field(to, name, joined);
}

void append_line(std::string& to, std::string_view line, bool first) {
  if (!first) to += '\n';
  to.append(line);
}

}  // namespace

std::string sse_event(const SseFields& fields) {
  std::string out;
  out.reserve(fields.data.size() + fields.event.size() + fields.id.size() + 64);
  append_one_line(out, "event", fields.event);
  append_one_line(out, "id", fields.id);
  if (fields.retry) append_field(out, "retry", std::to_string(fields.retry->count()));
  each_line(fields.data, [&](std::string_view line) { append_field(out, "data", line); });
  out += '\n';
  return out;
}

std::string sse_comment(std::string_view text) {
  std::string out;
  each_line(text, [&](std::string_view line) { append_field(out, "", line); });
  out += '\n';
  return out;
}

std::size_t end_of_sse_events(std::string_view bytes) {
  const auto plain = bytes.rfind("\n\n");
  const auto with_returns = bytes.rfind("\r\n\r\n");
  std::size_t end = plain == std::string_view::npos ? 0 : plain + 2;
  if (with_returns != std::string_view::npos) end = std::max(end, with_returns + 4);
  return end;
}

Result<void> SseReader::feed(std::string_view bytes) {
  buffer_.erase(0, begin_);
  looked_at_ -= begin_;
  begin_ = 0;
  const std::size_t held = buffer_.size() + pending_.data.size() + pending_.comment.size();
  if (bytes.size() > limit_ || held > limit_ - bytes.size())
    return fail(Code::network, "an event of the stream is larger than " + std::to_string(limit_) + " bytes");
  buffer_.append(bytes);
  return {};
}

// A CR ends a line at once; the LF that may follow it belongs to it.
std::optional<std::string_view> SseReader::next_line() {
  if (after_return_ && begin_ < buffer_.size()) {
    if (buffer_[begin_] == '\n') looked_at_ = std::max(looked_at_, ++begin_);
    after_return_ = false;
  }
  const auto end = buffer_.find_first_of("\r\n", std::max(begin_, looked_at_));
  if (end == std::string::npos) {
    looked_at_ = buffer_.size();
    return std::nullopt;
  }
  const std::string_view line = std::string_view(buffer_).substr(begin_, end - begin_);
  after_return_ = buffer_[end] == '\r';
  begin_ = looked_at_ = end + 1;
  return line;
}

void SseReader::take_line(std::string_view line) {
  if (std::exchange(at_start_, false) && line.starts_with(k_bom)) line.remove_prefix(k_bom.size());
  const auto colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (colon == 0) {
    append_line(pending_.comment, value, !std::exchange(has_comment_, true));
  } else if (name == "data") {
    append_line(pending_.data, value, !std::exchange(has_data_, true));
  } else if (name == "event") {
    pending_.event = value;
  } else if (name == "id") {
    if (value.find('\0') == std::string_view::npos) last_id_ = value;
  } else if (name == "retry") {
    const auto number = parse_u64(value);
    if (number && *number <= 1'000'000'000) retry_ = std::chrono::milliseconds(*number);
  }
}

std::optional<SseEvent> SseReader::next() {
  while (const auto line = next_line()) {
    if (!line->empty()) {
      take_line(*line);
      continue;
    }
    at_start_ = false;
    SseEvent whole = std::exchange(pending_, {});
    const bool says_something = has_data_ || has_comment_;
    has_data_ = has_comment_ = false;
    if (says_something) return whole;
  }
  return std::nullopt;
}

}  // namespace eai::http
