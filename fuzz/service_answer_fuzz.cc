// What services answer to uploads and to questions about deals: nothing crashes, and what is accepted is safe to show
// in a terminal.
#include <algorithm>
#include <cstdlib>

#include "preserve/deals.h"
#include "preserve/home.h"

namespace {
bool is_plain(const std::string& text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const eai::ByteView bytes(data, size);
  if (auto cid = eai::preserve::cid_in_answer(bytes); !cid && !is_plain(cid.error().message)) std::abort();
  if (auto deals = eai::preserve::parse_deals(bytes)) {
    for (const auto& deal : *deals) {
      if (!is_plain(deal.state) || !is_plain(deal.provider) || !is_plain(deal.id)) std::abort();
    }
  }
  return 0;
}
