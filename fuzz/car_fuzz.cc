// A CAR from anyone: nothing crashes, and cutting the input into other pieces changes nothing.
#include <algorithm>
#include <cstdlib>

#include "ipld/car.h"
#include "ipld/car_index.h"

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
// What an index finds are blocks of the file, and a file that the reader takes whole has all of them.
void look_up(eai::ByteView bytes, const Seen& whole) {
  const auto read_at = [&](std::uint64_t offset, std::span<std::uint8_t> into) -> eai::Result<void> {
    if (offset > bytes.size() || into.size() > bytes.size() - offset) std::abort();
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  };
  const auto index = eai::ipld::CarIndex::read(read_at, bytes.size());
  if (!index && whole.good) std::abort();
  if (index && (index->bytes() > bytes.size() || (whole.good && index->count() > whole.blocks))) std::abort();
}
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const eai::ByteView bytes(data, size);
  const Seen whole = read(bytes, size == 0 ? 1 : size), pieces = read(bytes, 7);
  if (whole.blocks != pieces.blocks || whole.good != pieces.good) std::abort();
  look_up(bytes, whole);
  return 0;
}
