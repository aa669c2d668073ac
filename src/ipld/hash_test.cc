#include "ipld/hash.h"

#include <algorithm>
#include <numeric>

#include <gtest/gtest.h>

#include "ipld/file_hasher.h"
#include "ipld/leaf_table.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

Bytes some(std::size_t size, std::uint32_t seed) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return out;
}

TEST(Sha256OfBoth, agrees_with_openssl_at_every_length_around_the_blocks) {
  for (std::size_t one = 0; one <= 260; ++one) {
    for (const std::size_t other : {std::size_t{0}, std::size_t{1}, std::size_t{55}, std::size_t{56}, std::size_t{63},
                                    std::size_t{64}, std::size_t{65}, one, std::size_t{4096}}) {
      const Bytes a = some(one, 1), b = some(other, 2);
      const auto both = sha256_of_both(a, b);
      ASSERT_EQ(both[0], sha256(a)) << one << " beside " << other;
      ASSERT_EQ(both[1], sha256(b)) << other << " beside " << one;
    }
  }
}

TEST(Sha256OfBoth, agrees_with_openssl_on_long_messages_at_odd_places) {
  const Bytes bytes = some(3'000'001, 3);
  const ByteView all = bytes;
  for (const std::size_t cut : std::initializer_list<std::size_t>{1, 777, 1'048'575, 1'048'576, 1'500'000}) {
    const auto both = sha256_of_both(all.first(cut), all.subspan(cut));
    EXPECT_EQ(both[0], sha256(all.first(cut)));
    EXPECT_EQ(both[1], sha256(all.subspan(cut)));
  }
}

// From FIPS 180-4's examples, so that the two do not only agree with each other.
TEST(Sha256OfBoth, gives_the_digest_of_abc) {
  EXPECT_EQ(to_hex(sha256_of_both(view_of("abc"), view_of(""))[0]),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

// Whatever pieces the bytes come in, and wherever the file ends.
TEST(FileHasher, gives_the_whole_and_every_leaf) {
  constexpr std::size_t k_leaf = FileHasher::k_leaf;
  for (const std::size_t size :
       std::initializer_list<std::size_t>{0, 1, 63, 64, 1000, k_leaf - 1, k_leaf, k_leaf + 1, 3 * k_leaf - 77}) {
    const Bytes bytes = some(size, 5);
    for (const std::size_t piece : std::initializer_list<std::size_t>{37, 64, 4096, 262'144, 5'000'000}) {
      if (size > k_leaf && piece < 64) continue;
      FileHasher hasher;
      for (std::size_t at = 0; at < size; at += piece)
        hasher.update(ByteView(bytes).subspan(at, std::min(piece, size - at)));
      EXPECT_EQ(hasher.value_so_far(), sha256(bytes));
      EXPECT_EQ(hasher.finish(), sha256(bytes)) << size << " in pieces of " << piece;
      std::vector<Sha256> leaves;
      for (std::size_t at = 0; at < size; at += k_leaf)
        leaves.push_back(sha256(ByteView(bytes).subspan(at, std::min(k_leaf, size - at))));
      EXPECT_EQ(hasher.leaves(), leaves) << size << " in pieces of " << piece;
    }
  }
}

struct Leaves {
  LeafTable table;
  Bytes content;

  void add(const Bytes& leaf, LeafKind kind = LeafKind::raw, HashCode code = HashCode::sha2_256) {
    Multihash hash{code, {}};
    if (code == HashCode::identity) {
      hash.digest = leaf;
    } else {
      const Sha256 digest = sha256(leaf);
      hash.digest.assign(digest.begin(), digest.end());
    }
    table.append(table.name_of(Cid::v1(kind == LeafKind::raw ? Codec::raw : Codec::dag_pb, hash), kind), leaf.size());
    content.insert(content.end(), leaf.begin(), leaf.end());
  }
};

TEST(RefusedLeaves, names_exactly_those_that_changed) {
  Leaves leaves;
  for (std::uint32_t i = 0; i < 7; ++i) leaves.add(some(100 + 13 * i, i));
  leaves.add(some(40, 90), LeafKind::raw, HashCode::identity);
  leaves.add(some(50, 91));
  const std::size_t count = leaves.table.count();
  EXPECT_TRUE(leaves.table.refused(0, count, leaves.content).empty());
  for (std::size_t changed = 0; changed < count; ++changed) {
    for (const bool last_byte : {false, true}) {
      Bytes content = leaves.content;
      const ByteRange range = leaves.table.range(changed);
      content[last_byte ? range.end - 1 : range.begin] ^= 1;
      EXPECT_EQ(leaves.table.refused(0, count, content), std::vector<std::size_t>{changed});
    }
  }
  Bytes content(leaves.content.size());
  std::vector<std::size_t> all(count);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(leaves.table.refused(0, count, content), all);
}

TEST(RefusedLeaves, counts_from_the_first_that_is_asked_for) {
  Leaves leaves;
  for (std::uint32_t i = 0; i < 6; ++i) leaves.add(some(64, i));
  Bytes part(leaves.content.begin() + 128, leaves.content.begin() + 320);  // leaves 2, 3 and 4
  EXPECT_TRUE(leaves.table.refused(2, 5, part).empty());
  part[190] ^= 1;
  EXPECT_EQ(leaves.table.refused(2, 5, part), std::vector<std::size_t>{4});
  EXPECT_TRUE(leaves.table.refused(3, 3, {}).empty());
}

// A leaf in dag-pb is proven by wrapping it, not by its bytes alone.
TEST(RefusedLeaves, does_not_take_a_wrapped_leaf_for_a_raw_one) {
  Leaves leaves;
  leaves.add(some(64, 1), LeafKind::wrapped);
  leaves.add(some(64, 2), LeafKind::wrapped);
  EXPECT_EQ(leaves.table.refused(0, 2, leaves.content).size(), 2U);
}

}  // namespace
}  // namespace eai::ipld
