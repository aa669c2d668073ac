#include "store/leaf_index.h"

#include <algorithm>
#include <cstring>

#include "ipld/dag_pb.h"

namespace eai::store {

static std::uint64_t prefix_of(const Bytes& digest) {
  std::uint64_t out = 0;
  std::memcpy(&out, digest.data(), std::min(digest.size(), sizeof out));
  return out;
}

Result<void> LeafIndex::add(const ipld::LeafTable& leaves, std::uint32_t table) {
  for (std::size_t i = 0; i < leaves.count(); ++i) {
    if (leaves.kind(i) == ipld::LeafKind::held) continue;
    const std::uint64_t size = leaves.range(i).size();
    if (size > ipld::k_block_limit)
      return fail(Code::unsupported,
                  "it has a block of " + std::to_string(size) + " bytes, which is more than others take");
    entries_.push_back({prefix_of(leaves.cid(i).hash().digest), {table, static_cast<std::uint32_t>(i)}});
  }
  return {};
}

void LeafIndex::seal() {
  std::ranges::sort(entries_);
  entries_.shrink_to_fit();
}

std::vector<LeafIndex::Place> LeafIndex::find(const ipld::Cid& cid,
                                              const std::function<ipld::Cid(Place)>& cid_of) const {
  std::vector<Place> out;
  const Entry first{prefix_of(cid.hash().digest), {}};
  for (auto at = std::ranges::lower_bound(entries_, first); at != entries_.end() && at->prefix == first.prefix; ++at)
    if (cid_of(at->place).hash() == cid.hash()) out.push_back(at->place);
  return out;
}

std::size_t leaf_at(const ipld::LeafTable& leaves, std::uint64_t offset) {
  std::size_t low = 0, high = leaves.count();
  while (high - low > 1) {
    const std::size_t middle = low + (high - low) / 2;
    (leaves.range(middle).begin <= offset ? low : high) = middle;
  }
  return low;
}

}  // namespace eai::store
