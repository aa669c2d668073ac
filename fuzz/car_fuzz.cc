// A CAR from anyone: nothing crashes, and cutting the input into other pieces changes nothing.
#include <algorithm>
#include <cstdlib>

#include "ipld/car.h"

namespace {
struct Seen {
  std::size_t blocks = 0;
  bool good = false;
};
Seen read(eai::ByteView bytes, std::size_t step) {
  Seen seen;
  eai::ipld::CarReader reader([&](const eai::ipld::Cid&, eai::ByteView) -> eai::Result<void> {
    ++seen.blocks;
    return {};
  });
  while (!bytes.empty()) {
    const std::size_t size = std::min(step, bytes.size());
    if (!reader.feed(bytes.first(size))) return seen;
    bytes = bytes.subspan(size);
  }
  seen.good = reader.finish().has_value();
  return seen;
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const eai::ByteView bytes(data, size);
  const Seen whole = read(bytes, size == 0 ? 1 : size), pieces = read(bytes, 7);
  if (whole.blocks != pieces.blocks || whole.good != pieces.good) std::abort();
  return 0;
}
