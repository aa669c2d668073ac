#include "preserve/hash_unixfs.h"

#include <gtest/gtest.h>

#include "ipld/unixfs_reader.h"
#include "preserve/preserve_testing.h"

namespace eai::preserve {
namespace {

using ipld::Cid;

void no_progress(std::uint64_t) {}

TEST(Body, ReadsAcrossItsSpans) {
  TemporaryFolder folder;
  const Bytes content = pattern(1000, 1);
  auto file = file_of(folder.path(), "f", content);
  Body body;
  body.add(Bytes{'a', 'b'});
  body.add(file, {10, 20});
  body.add(Bytes{});
  body.add(Bytes{'z'});
  ASSERT_EQ(body.size(), 13U);
  Bytes out(13);
  ASSERT_TRUE(body.read(0, out));
  EXPECT_EQ(out[1], 'b');
  EXPECT_EQ(out[2], content[10]);
  EXPECT_EQ(out[12], 'z');
  Bytes part(3);
  ASSERT_TRUE(body.read(10, part));
  EXPECT_EQ(part, (Bytes{content[18], content[19], 'z'}));
  Body slice;
  slice.add(body, {1, 4});
  slice.add(body, {12, 13});
  Bytes sliced(4);
  ASSERT_TRUE(slice.read(0, sliced));
  EXPECT_EQ(sliced, (Bytes{'b', content[10], content[11], 'z'}));
}

TEST(SourceFile, AnotherFileOfTheSameNameIsNoticed) {
  TemporaryFolder folder;
  auto file = file_of(folder.path(), "f", pattern(1000, 1));
  ASSERT_TRUE(file->still_same());
  file_of(folder.path(), "g", pattern(1000, 2));
  fs::rename(folder.path() / "g", folder.path() / "f");
  EXPECT_EQ(file->still_same().error().code, Code::busy);
}

TEST(SourceFile, AChangeIsNoticed) {
  TemporaryFolder folder;
  auto file = file_of(folder.path(), "f", pattern(1000, 1));
  EXPECT_TRUE(file->still_same());
  fs::resize_file(folder.path() / "f", 500);
  EXPECT_EQ(file->still_same().error().code, Code::busy);
  Bytes into(1000);
  EXPECT_EQ(file->read(0, into).error().code, Code::busy);
  fs::create_symlink("nowhere", folder.path() / "link");
  EXPECT_FALSE(SourceFile::open(folder.path(), "link"));
  fs::remove(folder.path() / "link");
  fs::create_symlink("f", folder.path() / "link");
  EXPECT_TRUE(SourceFile::open(folder.path(), "link")) << "a link to a file stands for that file";
}

TEST(HashUnixfs, OneRegionIsWhatIpfsAddGives) {
  TemporaryFolder folder;
  const Bytes content = pattern(3 * k_mib + 5, 2);
  auto file = file_of(folder.path(), "f", content);
  Workers workers(3);
  const HashedFile hashed = hash_unixfs(file, {{0, content.size()}}, workers, no_progress, {}).value();
  Body body;
  body.add(file, {0, content.size()});
  EXPECT_EQ(hashed.root.cid, import_body(body, ipld::k_unixfs_v1_2025, nullptr, nullptr).value().cid);
  EXPECT_EQ(hashed.sha256, ipld::sha256(content));
  EXPECT_EQ(hashed.leaves.size(), 4U);
}

// The file is cut while a part of it is hashed that is in use already, and while one is that is yet to come.
TEST(HashUnixfs, AFileThatIsCutIsNoticedAndEndsNothingElse) {
  for (const std::uint64_t when : {1 * k_mib, 6 * k_mib}) {
    TemporaryFolder folder;
    const auto file = file_of(folder.path(), "f", pattern(20 * k_mib, 5));
    Workers workers(2);
    const auto cut = [&](std::uint64_t hashed) {
      if (hashed == when) fs::resize_file(file->path(), 1000);
    };
    const auto hashed = hash_unixfs(file, {{0, file->size()}}, workers, cut, {});
    ASSERT_FALSE(hashed) << when;
    EXPECT_EQ(hashed.error().code, Code::busy);
    EXPECT_NE(hashed.error().message.find("f changed while it was read"), std::string::npos) << hashed.error().message;
  }
}

TEST(HashUnixfs, RegionsHaveSubtreesOfTheirOwnAndReadBack) {
  TemporaryFolder folder;
  const Bytes content = pattern(2 * k_mib + 1000, 3);
  auto file = file_of(folder.path(), "f", content);
  const std::vector<ByteRange> regions{{0, 100}, {100, 300}, {300, 2 * k_mib}, {2 * k_mib, content.size()}};
  Workers workers(2);
  const HashedFile hashed = hash_unixfs(file, regions, workers, no_progress, {}).value();
  EXPECT_EQ(hashed.leaves.size(), 5U);
  EXPECT_EQ(hashed.inner.back().cid, hashed.root.cid);
  EXPECT_EQ(hashed.root.size, content.size());
  Bytes held, out;
  auto get = [&](const Cid& cid) -> Result<ByteView> {
    for (const ipld::Block& block : hashed.inner) {
      if (block.cid == cid) return ByteView(block.bytes);
    }
    for (const Leaf& leaf : hashed.leaves) {
      if (leaf.cid != cid) continue;
      held.resize(static_cast<std::size_t>(leaf.range.size()));
      EAI_CHECK(file->read(leaf.range.begin, held));
      return ByteView(held);
    }
    return fail(Code::not_found, "no such block");
  };
  ASSERT_TRUE(ipld::read_unixfs_file(hashed.root.cid, content.size(), get, [&](ByteView bytes) -> Result<void> {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  }));
  EXPECT_EQ(out, content);
  // The tree without its leaves is what others walk.
  const ipld::TreeWalk walk = walk_of(hashed).value();
  EXPECT_TRUE(walk.done());
  EXPECT_EQ(walk.inner().size(), hashed.inner.size());
  EXPECT_EQ(walk.inner().front().cid, hashed.root.cid);
}

}  // namespace
}  // namespace eai::preserve
