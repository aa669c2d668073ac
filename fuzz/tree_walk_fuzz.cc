// Trees from anyone. The input is a list of choices: of blocks of every kind, honest or lying, in a tree of every shape,
// or of one root block byte by byte. The walk reads what the reader reads, and the same bytes.
#include <cstdlib>

#include "ipld/tree_testing.h"

namespace {

using namespace eai::ipld;

void compare(const Cid& root, const GetBlock& blocks) {
  constexpr std::uint64_t k_most = 1 << 16;
  eai::Bytes expected;
  const auto read = read_unixfs_file(root, k_most, blocks, [&](eai::ByteView bytes) -> eai::Result<void> {
    expected.insert(expected.end(), bytes.begin(), bytes.end());
    return {};
  });
  auto walk = TreeWalk::begin(root, k_most, SizeIs::at_most);
  if (!walk) std::abort();
  const auto found = read_by_leaves(*walk, blocks);
  if (read.has_value() != found.has_value()) std::abort();
  if (!found) return;
  if (*found != expected) std::abort();
  // What a CAR keeps of it gives the same file.
  auto again = TreeWalk::begin(root, expected.size());
  if (!again) std::abort();
  CarReader reader([&](const Cid& cid, eai::ByteView block) { return again->give(cid, block); });
  if (!reader.feed(write_car({root}, walk->inner())) || !reader.finish()) std::abort();
  while (const auto leaf = again->next()) {
    if (!again->take_for_leaf(*leaf)) std::abort();
  }
  const auto leaves = again->leaves();
  if (!leaves || leaves->size() != expected.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::uint8_t mode = data[0];
  eai::ByteView rest(data + 1, size - 1);
  if (mode % 4 == 0) {
    const Cid root = Cid::v1(Codec::dag_pb, Cid::raw_of(rest).hash());
    compare(root, [&](const Cid& cid) -> eai::Result<eai::ByteView> {
      if (cid == root) return rest;
      return eai::fail(eai::Code::not_found, "only the root is there");
    });
    return 0;
  }
  std::size_t calls = 0;
  const auto choose = [&](std::uint32_t count) -> std::uint32_t {
    if (rest.empty() || ++calls > 5000) return count - 1;
    const std::uint32_t value = rest.front() % count;
    rest = rest.subspan(1);
    return value;
  };
  TreeMaker maker(choose, mode % 4 == 1 ? Honesty::honest : Honesty::lying);
  const TreeMaker::Made root = maker.make(6);
  compare(root.cid, maker.blocks().getter());
  return 0;
}
