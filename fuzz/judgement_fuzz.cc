// What a gateway says in front of its bytes and behind them: no crash, and what is believed is possible.
#include <cstdlib>
#include <string>
#include <string_view>

#include "peers/judgement.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai::peers;
  const eai::ByteView bytes(data, size);
  if (const auto at = find_appended_error(bytes); at && *at >= size) std::abort();
  // A status, then one header a line.
  std::string_view text = eai::text_of(bytes);
  eai::http::ResponseHead head;
  head.status = size > 0 && data[0] % 2 == 0 ? 206 : size > 0 && data[0] % 3 == 0 ? 200 : 503;
  for (const char* name : {"", "content-range", "content-length", "content-type", "content-encoding", "retry-after"}) {
    const std::size_t end = text.find('\n');
    head.headers[name] = std::string(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  constexpr eai::ByteRange k_asked{100, 200};
  const Judgement judgement = judge(head, k_asked, std::nullopt);
  const bool good = judgement.meaning == Judgement::Meaning::good;
  if (!good && judgement.why.empty()) std::abort();
  if (good && !judgement.ranges_ignored && judgement.total && *judgement.total <= k_asked.begin) std::abort();
  if (judgement.retry_after && (judgement.retry_after->count() < 0 || judgement.retry_after->count() > 366 * 24 * 3600))
    std::abort();
  return 0;
}
