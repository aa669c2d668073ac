// Pieces that are not parts of an archive: the fetcher alone, with a sink that only writes down what it gets.
#include "fetch/block_fetcher.h"

#include <set>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "fakes/lying_gateway.h"

namespace eai::fetch {
namespace {

using fakes::LyingGateway;

class Listed final : public BlockSink {
 public:
  Result<void> note(std::size_t, ByteRange range, Noted what) override {
    if (what == Noted::here) noted += range.size();
    return {};
  }
  void take(std::size_t piece, Proven proven) override { taken.emplace(piece, std::move(proven)); }
  std::uint64_t noted = 0;
  std::map<std::size_t, Proven> taken;
};

class BlockFetcherTest : public ::testing::Test {
 protected:
  BlockFetcherTest() {
    options_.retry_delay = std::chrono::milliseconds(5);
    options_.stall_timeout = std::chrono::milliseconds(500);
    options_.max_retries = 2;
    for (std::size_t i = 0; i < 6; ++i) {
      Bytes leaf(i < 5 ? 300'000 : 1000);
      for (std::size_t at = 0; at < leaf.size(); ++at) leaf[at] = static_cast<std::uint8_t>(at * (i + 3) >> 4);
      const ipld::Cid cid = ipld::Cid::raw_of(leaf);
      EXPECT_TRUE(write_file_atomic(folder_.path() / cid.str(), leaf));
      wanted_.push_back({.cid = cid,
                         .name = "leaf " + std::to_string(i),
                         .hash = cid.hash(),
                         .size = leaf.size(),
                         .file = folder_.path() / "model",
                         .offset = content_.size()});
      content_.insert(content_.end(), leaf.begin(), leaf.end());
    }
  }
  Result<void> fetch(const peers::Sources& sources) {
    EAI_TRY(auto usable, peers::make_sources(sources, options_));
    peers::GatewayClient client(std::move(usable), options_, 1);
    BlockFetcher fetcher(wanted_, client, sink_);
    while (sink_.taken.size() < wanted_.size()) EAI_CHECK(fetcher.advance(0, wanted_.size()));
    return {};
  }
  std::vector<std::string> lies(const std::string& mode) {
    return {"--blocks", folder_.path().string(), "--mode", mode};
  }

  TemporaryFolder folder_;
  peers::Options options_;
  std::vector<Wanted> wanted_;
  Bytes content_;
  Listed sink_;
};

TEST_F(BlockFetcherTest, LeavesOfOneFileComeToTheirPlaces) {
  LyingGateway liar(lies("corrupt"));
  LyingGateway honest(lies("honest"));
  auto done = fetch({{}, {liar.url(), honest.url()}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(read_file(folder_.path() / "model", 10 * k_mib), content_);
  EXPECT_GE(sink_.noted, content_.size());
  for (const auto& [piece, proven] : sink_.taken) {
    EXPECT_EQ(proven.file, folder_.path() / "model");
    EXPECT_EQ(proven.range.begin, wanted_[piece].offset);
    EXPECT_EQ(proven.range.size(), wanted_[piece].size);
    EXPECT_FALSE(proven.block);
  }
}

TEST_F(BlockFetcherTest, ABlockFoldersPieceStaysWhereItIs) {
  auto done = fetch({{folder_.path()}, {}});
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_FALSE(fs::exists(folder_.path() / "model"));
  for (const auto& [piece, proven] : sink_.taken) {
    ASSERT_TRUE(proven.block);
    EXPECT_EQ(proven.file, folder_.path() / wanted_[piece].cid.str());
    EXPECT_EQ(proven.range, (ByteRange{0, wanted_[piece].size}));
  }
}

TEST_F(BlockFetcherTest, WhatCannotBeProvenIsNotTaken) {
  wanted_[0].hash.code = ipld::HashCode::blake3;
  EXPECT_EQ(fetch({{folder_.path()}, {}}).error().code, Code::unsupported);
  EXPECT_TRUE(sink_.taken.empty());
}

TEST_F(BlockFetcherTest, AnErrorNamesThePieceAndWhatEachSourceDid) {
  LyingGateway gone(lies("gone"));
  auto done = fetch({{}, {gone.url()}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::network);
  EXPECT_NE(done.error().message.find("no source delivers leaf "), std::string::npos) << done.error().message;
  EXPECT_NE(done.error().message.find("HTTP 404"), std::string::npos) << done.error().message;
}

}  // namespace
}  // namespace eai::fetch
