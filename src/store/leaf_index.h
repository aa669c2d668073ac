// Why: which leaf of many files a CID means has to be found without looking at each.
// Thread: any for the const calls.
// What holds: 16 bytes are kept for a leaf, since the tables of leaves know the rest.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "ipld/leaf_table.h"

namespace eai::store {

class LeafIndex {
 public:
  struct Place {
    std::uint32_t table = 0, leaf = 0;
    auto operator<=>(const Place&) const = default;
  };

  // Code::unsupported: a leaf is larger than k_block_limit, so nobody would take it.
  Result<void> add(const ipld::LeafTable& leaves, std::uint32_t table);
  // Call it after the last add().
  void seal();
  // The leaves with this hash; `cid_of` is asked about those that might be.
  std::vector<Place> find(const ipld::Cid& cid, const std::function<ipld::Cid(Place)>& cid_of) const;

 private:
  struct Entry {
    std::uint64_t prefix = 0;  // of the digest
    Place place;
    auto operator<=>(const Entry&) const = default;
  };
  std::vector<Entry> entries_;
};

// The leaf in which this byte of the file lies.
std::size_t leaf_at(const ipld::LeafTable& leaves, std::uint64_t offset);

}  // namespace eai::store
