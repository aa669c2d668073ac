#include "fetch/answer.h"

#include <algorithm>

#include <time.h>

#include "util/text.h"

namespace eai::fetch {
namespace {

using Meaning = Answer::Meaning;

Answer wrong(std::string why) {
  Answer answer;
  answer.why = std::move(why);
  return answer;
}

Answer judge_status(const http::ResponseHead& head) {
  Answer answer;
  answer.why = "HTTP " + std::to_string(head.status);
  switch (head.status) {
    case 408:
    case 425:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      answer.meaning = Meaning::later;
      break;
    default:
      answer.meaning = Meaning::lacks;
  }
  answer.retry_after = parse_retry_after(head.header("retry-after"), std::chrono::system_clock::now());
  return answer;
}

Answer judge_part(const http::ResponseHead& head, ByteRange asked, std::optional<std::uint64_t> size) {
  std::string_view text = head.header("content-range");
  auto content = parse_content_range(text);
  if (!content) return wrong("a Content-Range that is none: \"" + printable(text, 60) + "\"");
  if (content->range.begin != asked.begin || content->range.end > asked.end) {
    return wrong("another range than asked for: \"" + printable(text, 60) + "\"");
  }
  if (size && content->total && *content->total != *size) {
    return wrong("content of " + std::to_string(*content->total) + " bytes, expected " + std::to_string(*size));
  }
  auto length = parse_u64(head.header("content-length"));
  if (length && *length != content->range.size()) return wrong("a length that does not fit its range");
  Answer answer;
  answer.meaning = Meaning::good;
  answer.total = content->total;
  answer.length_known = length.has_value();
  return answer;
}

Answer judge_whole(const http::ResponseHead& head, std::optional<ByteRange> asked, std::optional<std::uint64_t> size) {
  auto length = parse_u64(head.header("content-length"));
  if (size && length && *length != *size) {
    return wrong("content of " + std::to_string(*length) + " bytes, expected " + std::to_string(*size));
  }
  Answer answer;
  answer.meaning = Meaning::good;
  answer.total = length;
  answer.length_known = length.has_value();
  answer.ranges_ignored = asked.has_value();
  return answer;
}

}  // namespace

Answer judge(const http::ResponseHead& head, std::optional<ByteRange> asked, std::optional<std::uint64_t> size) {
  if (head.status != 200 && head.status != 206) return judge_status(head);
  std::string_view encoding = head.header("content-encoding");
  if (!encoding.empty() && encoding != "identity") {
    return wrong("a Content-Encoding that was not asked for: " + printable(encoding, 40));
  }
  if (head.header("content-type").starts_with("text/html")) return wrong("a web page instead of the content");
  if (head.status == 200) return judge_whole(head, asked, size);
  if (!asked) return wrong("a part when the whole was asked for");
  return judge_part(head, *asked, size);
}

std::optional<std::chrono::seconds> parse_retry_after(std::string_view text,
                                                      std::chrono::system_clock::time_point now) {
  constexpr std::int64_t k_longest = 365 * 24 * 3600;
  if (auto seconds = parse_u64(text)) return std::chrono::seconds(std::min<std::uint64_t>(*seconds, k_longest));
  tm parts{};
  std::string date(text);
  const char* end = ::strptime(date.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  // In seconds: as a time point of the system's clock, the year 9999 (which means "never") would overflow.
  std::int64_t wait = std::int64_t{::timegm(&parts)} - std::chrono::system_clock::to_time_t(now);
  return std::chrono::seconds(std::clamp(wait, std::int64_t{0}, k_longest));
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view k_unit = "bytes ";
  if (!text.starts_with(k_unit)) return std::nullopt;
  text.remove_prefix(k_unit.size());
  std::size_t dash = text.find('-');
  std::size_t slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash) return std::nullopt;
  auto first = parse_u64(text.substr(0, dash));
  auto last = parse_u64(text.substr(dash + 1, slash - dash - 1));
  std::string_view total_text = text.substr(slash + 1);
  auto total = parse_u64(total_text);
  if (!first || !last || *last < *first || *last == UINT64_MAX) return std::nullopt;
  if (!total && total_text != "*") return std::nullopt;
  if (total && *last >= *total) return std::nullopt;
  return ContentRange{{*first, *last + 1}, total};
}

std::optional<std::size_t> find_appended_error(ByteView tail) {
  std::size_t at = text_of(tail).rfind("\n\n[Gateway Error:");
  if (at == std::string_view::npos) return std::nullopt;
  return at;
}

}  // namespace eai::fetch
