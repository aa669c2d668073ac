#include "peers/judgement.h"

#include <algorithm>

#include "peers/patience.h"
#include "util/text.h"

namespace eai::peers {
namespace {

using Meaning = Judgement::Meaning;

Judgement wrong(std::string why) {
  Judgement judgement;
  judgement.why = std::move(why);
  return judgement;
}

Judgement judge_status(const http::ResponseHead& head) {
  Judgement judgement;
  judgement.why = "HTTP " + std::to_string(head.status);
  judgement.meaning = may_pass(head.status) ? Meaning::later : Meaning::lacks;
  judgement.retry_after =
      parse_retry_after(head.header("retry-after"), std::chrono::system_clock::now(), head.header("date"));
  return judgement;
}

Judgement judge_part(const http::ResponseHead& head, ByteRange asked, std::optional<std::uint64_t> size) {
  std::string_view text = head.header("content-range");
  auto content = parse_content_range(text);
  if (!content) return wrong("a Content-Range that makes no sense: \"" + printable(text, 60) + "\"");
  if (content->range.begin != asked.begin || content->range.end > asked.end) {
    return wrong("another range than asked for: \"" + printable(text, 60) + "\"");
  }
  if (size && content->total && *content->total != *size) {
    return wrong("content of " + std::to_string(*content->total) + " bytes, expected " + std::to_string(*size));
  }
  auto length = parse_u64(head.header("content-length"));
  if (length && *length != content->range.size()) return wrong("a length that does not fit its range");
  Judgement judgement;
  judgement.meaning = Meaning::good;
  judgement.total = content->total;
  judgement.length_known = length.has_value();
  return judgement;
}

Judgement judge_whole(const http::ResponseHead& head, std::optional<ByteRange> asked,
                      std::optional<std::uint64_t> size) {
  auto length = parse_u64(head.header("content-length"));
  if (size && length && *length != *size) {
    return wrong("content of " + std::to_string(*length) + " bytes, expected " + std::to_string(*size));
  }
  Judgement judgement;
  judgement.meaning = Meaning::good;
  judgement.total = length;
  judgement.length_known = length.has_value();
  judgement.ranges_ignored = asked.has_value();
  return judgement;
}

Judgement judge_head(const http::ResponseHead& head, std::optional<ByteRange> asked,
                     std::optional<std::uint64_t> size) {
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

}  // namespace

Judgement judge(const http::ResponseHead& head, std::optional<ByteRange> asked, std::optional<std::uint64_t> size) {
  Judgement judgement = judge_head(head, asked, size);
  judgement.status = head.status;
  return judgement;
}

Judgement judge_redirected(Judgement judgement) {
  // Google's storage says 400 for an address that has expired, all others 403.
  const int status = judgement.status;
  const bool may_have_expired = status == 400 || status == 401 || status == 403 || status == 410;
  if (judgement.meaning == Meaning::lacks && may_have_expired) judgement.meaning = Meaning::later;
  return judgement;
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

}  // namespace eai::peers
