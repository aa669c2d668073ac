// Models whose files are trees, downloaded leaf by leaf.
#include <csignal>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "fetch/fetch_testing.h"
#include "ipld/car.h"
#include "ipld/unixfs.h"
#include "store/trees.h"

namespace eai::fetch {
namespace {

using fakes::LyingGateway;

const ipld::Profile k_small{"small", 1, ipld::Leaves::raw, 64 * k_kib, 8};
const ipld::Profile k_small_v0{"small v0", 0, ipld::Leaves::dag_pb, 64 * k_kib, 8};

class LeafFetchTest : public FetchTest {
 protected:
  LeafFetchTest() { fs::create_directories(blocks_ / "files"); }

  void keep_block(const ipld::Cid& cid, ByteView block) { EXPECT_TRUE(write_file_atomic(blocks_ / cid.str(), block)); }

  // The blocks of a tree and its content, as a gateway has them.
  ipld::Cid plant(const ipld::Profile& profile, const Bytes& file) {
    ipld::FileTree tree(profile, [&](const ipld::Cid& cid, const Bytes& block) {
      keep_block(cid, block);
      inner_.push_back(cid);
    });
    for (std::size_t at = 0; at < file.size(); at += profile.chunk) {
      const ByteView content = ByteView(file).subspan(at, std::min<std::size_t>(profile.chunk, file.size() - at));
      Bytes block;
      const ipld::TreeNode leaf = ipld::make_leaf(profile, content, &block);
      keep_block(leaf.cid, block.empty() ? content : ByteView(block));
      leaves_.push_back(leaf.cid);
      tree.add(leaf);
    }
    ipld::Cid root = tree.finish().cid;
    EXPECT_TRUE(write_file_atomic(blocks_ / "files" / root.str(), file));
    return root;
  }

  void name_model() {
    model_.json = model::write_metadata(model_.metadata);
    model_.id = model_.metadata_cid = ipld::Cid::raw_of(view_of(model_.json));
    keep_block(model_.id, view_of(model_.json));
  }

  void make_tree_model(const ipld::Profile& profile = k_small, std::size_t bytes = 3'000'000) {
    model_.gguf = make_gguf(bytes);
    model_.metadata.folder_name = "tiny";
    model_.metadata.format = model::Format::unixfs;
    root_ = plant(profile, model_.gguf);
    model_.metadata.files = {{*root_, "tiny", ipld::sha256(model_.gguf), model_.gguf.size(), true}};
    name_model();
  }

  // An archive whose parts are trees.
  void make_archive_of_trees(std::size_t bytes = 3'000'000, std::uint64_t part_size = k_mib) {
    model_.gguf = make_gguf(bytes);
    const Bytes archive = make_archive("tiny", "tiny", model_.gguf);
    model_.metadata.folder_name = "tiny";
    std::size_t number = 0;
    for (std::size_t at = 0; at < archive.size(); at += part_size, ++number) {
      const Bytes part(archive.begin() + static_cast<std::ptrdiff_t>(at),
                       archive.begin() + static_cast<std::ptrdiff_t>(std::min(at + part_size, archive.size())));
      const ipld::Cid cid = plant(k_small, part);
      model_.metadata.files.push_back(
          {cid, "tiny.zip.part-" + model::split_suffix(number), ipld::sha256(part), part.size(), true});
    }
    name_model();
  }

  // Lies about content only: as ranges of the file, or as leaves.
  std::vector<std::string> lies_about_content(const std::string& mode, std::vector<std::string> more = {}) {
    std::vector<std::string> out = {"--blocks", blocks_.string(), "--mode", mode};
    for (const model::PartEntry& file : model_.metadata.files) {
      out.emplace_back("--only");
      out.push_back(file.cid.str());
    }
    for (const ipld::Cid& leaf : leaves_) {
      out.emplace_back("--only");
      out.push_back(leaf.str());
    }
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  void remove_leaves() {
    for (const ipld::Cid& leaf : leaves_) fs::remove(blocks_ / leaf.str());
  }
  // How often the paths that contain `what` were asked for.
  static std::size_t asked_for(const LyingGateway& gateway, const std::string& what) {
    http::Request request;
    request.url = gateway.url() + "/_requests";
    const auto answer = http::fetch(request, 10 * k_mib);
    EXPECT_TRUE(answer);
    std::size_t count = 0;
    const std::string_view text = text_of(answer->body);
    for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
    return count;
  }

  std::optional<ipld::Cid> root_;
  std::vector<ipld::Cid> inner_, leaves_;
};

TEST_F(LeafFetchTest, RangesOfTheFileAreAskedForAndOnlyInnerBlocks) {
  make_tree_model();
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_EQ(asked_for(gateway, "format=raw"), inner_.size() + 1) << "the metadata and the tree";
  for (const ipld::Cid& leaf : leaves_) EXPECT_EQ(asked_for(gateway, leaf.str()), 0U);
  const auto kept = store::read_tree(*store_.find(model_.id), 0);
  ASSERT_TRUE(kept) << kept.error().message;
  EXPECT_EQ(kept->count(), leaves_.size());
}

TEST_F(LeafFetchTest, SingleBlocksWhereFilesAreRefused) {
  for (const ipld::Profile& profile : {k_small, k_small_v0, ipld::k_unixfs_v1_2025}) {
    make_tree_model(profile, 1'500'000 + leaves_.size());
    LyingGateway gateway(lies("honest", {"--raw-only"}));
    expect_whole(download({{}, {gateway.url()}}));
  }
}

TEST_F(LeafFetchTest, LeavesOfDagPb) {
  make_tree_model(k_small_v0);
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_EQ(asked_for(gateway, "format=raw"), inner_.size() + 1) << "leaves are known without being read";
}

TEST_F(LeafFetchTest, AFlippedBitCostsALeaf) {
  make_tree_model();
  LyingGateway liar(lies_about_content("corrupt", {"--times", "1"}));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
  EXPECT_EQ(last(0).trouble, "sent wrong bytes, not used again");
  EXPECT_LE(bytes_sent(liar) + bytes_sent(honest), model_.gguf.size() + 4 * k_mib + 200'000)
      << "and what was under way";
  EXPECT_TRUE(distrusts(liar) && !distrusts(honest));
}

// The blocks of all trees as one CAR, which the metadata name.
class TreeCarTest : public LeafFetchTest {
 protected:
  void make_model(bool damaged = false) {
    make_tree_model();
    std::vector<ipld::Block> blocks;
    for (auto it = inner_.rbegin(); it != inner_.rend(); ++it)
      blocks.push_back({*it, *read_file(blocks_ / it->str(), k_mib)});
    Bytes car = ipld::write_car({*root_}, blocks);
    car_ = ipld::Cid::raw_of(car);
    model_.metadata.tree_car =
        model::PartEntry{*car_, std::string(model::k_tree_car_name), ipld::sha256(car), car.size()};
    name_model();
    if (damaged) car[car.size() - 5] ^= 1U;
    keep_block(*car_, car);
  }
  std::optional<ipld::Cid> car_;
};

TEST_F(TreeCarTest, CostsOneRequest) {
  make_model();
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_EQ(asked_for(gateway, "format=raw"), 2U) << "the metadata and the CAR";
}

TEST_F(TreeCarTest, IsNotNeeded) {
  make_model();
  fs::remove(blocks_ / car_->str());
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
}

TEST_F(TreeCarTest, OneWithAWrongBlockIsNotBelieved) {
  make_model(true);
  const fs::path good = folder_.path() / "good";
  fs::copy(blocks_, good, fs::copy_options::recursive);
  fs::remove(good / car_->str());
  LyingGateway liar(lies("honest"));
  LyingGateway honest({"--blocks", good.string()});
  expect_whole(download({{}, {liar.url(), honest.url()}}));
  EXPECT_FALSE(distrusts(liar)) << "it may have been given this CAR";
}

TEST_F(TreeCarTest, OtherDocumentsUnderItsNameDoNoHarm) {
  for (const char* mode : {"short", "long", "html", "gone", "broken", "silent", "cut", "gzip"}) {
    make_model();
    LyingGateway liar({"--blocks", blocks_.string(), "--mode", mode, "--only", car_->str()});
    expect_whole(download({{}, {liar.url()}}));
    ASSERT_TRUE(eai::remove_all(folder_.path() / "home/models" / model_.id.str())) << mode;
  }
}

TEST_F(TreeCarTest, OneThatDripsIsLeft) {
  make_model();
  LyingGateway drip({"--blocks", blocks_.string(), "--mode", "drip", "--only", car_->str()});
  const auto begun = std::chrono::steady_clock::now();
  expect_whole(download({{}, {drip.url()}}));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(20));
}

TEST_F(LeafFetchTest, BlocksThatDripFromSeveralSourcesAreAskedForElsewhere) {
  make_tree_model();
  std::vector<std::string> about_trees = {"--blocks", blocks_.string(), "--mode", "drip"};
  for (const ipld::Cid& inner : inner_) about_trees.insert(about_trees.end(), {"--only", inner.str()});
  fs::rename(blocks_ / "files", blocks_ / "files of honest ones");
  LyingGateway one(about_trees);
  LyingGateway two(about_trees);
  const fs::path good = folder_.path() / "good";
  fs::copy(blocks_, good, fs::copy_options::recursive);
  LyingGateway honest({"--blocks", good.string()});
  const auto begun = std::chrono::steady_clock::now();
  expect_whole(download({{}, {one.url(), two.url(), honest.url()}}));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(25)) << "a block has 30 s";
}

class LeafLiarTest : public LeafFetchTest, public testing::WithParamInterface<const char*> {};

TEST_P(LeafLiarTest, BesideAnHonestSourceTheModelComesWhole) {
  make_tree_model();
  LyingGateway liar(lies_about_content(GetParam()));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
}

TEST_P(LeafLiarTest, AlsoBesideOneThatHasBlocksOnly) {
  make_tree_model(k_small_v0);
  LyingGateway liar(lies_about_content(GetParam()));
  LyingGateway honest(lies("honest", {"--raw-only"}));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
}

INSTANTIATE_TEST_SUITE_P(Modes, LeafLiarTest,
                         testing::Values("corrupt", "short", "cut", "long", "stall", "no_ranges", "html", "too_many",
                                         "broken", "overloaded", "redirect_loop", "redirect", "wrong_range",
                                         "wrong_total", "gzip", "appended", "gone", "silent"),
                         [](const auto& one) { return std::string(one.param); });

TEST_F(LeafFetchTest, ASourceThatDripsIsHelped) {
  make_tree_model();
  LyingGateway drip(lies_about_content("honest", {"--rate", "2000"}));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {drip.url(), honest.url()}}));
  EXPECT_GE(last(1).bytes, 2'500'000U);
}

TEST_F(LeafFetchTest, AFullDiskLosesNothing) {
  make_tree_model();
  LyingGateway gateway(lies("honest"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit little{1'000'000, before.rlim_max};
  const auto ignored = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &little), 0);
  const auto model = download({{}, {gateway.url()}});
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, ignored);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::io) << model.error().message;
  EXPECT_NE(model.error().message.find("model.gguf"), std::string::npos) << model.error().message;
  EXPECT_FALSE(store_.find(model_.id));
  LyingGateway again(lies("honest"));
  expect_whole(download({{}, {again.url()}}));
  EXPECT_LE(bytes_sent(again), model_.gguf.size() - 700'000) << "what was written is used";
}

TEST_F(LeafFetchTest, OneThatIgnoresRangesAndHasNoBlocksIsReadFromTheBeginning) {
  make_tree_model();
  remove_leaves();
  LyingGateway gateway(lies_about_content("no_ranges"));
  expect_whole(download({{}, {gateway.url()}}));
}

TEST_F(LeafFetchTest, OnlyALiarIsNamedAndNothingIsKept) {
  make_tree_model();
  LyingGateway liar(lies_about_content("corrupt"));
  const auto model = download({{}, {liar.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
  EXPECT_NE(model.error().message.find("sent wrong bytes"), std::string::npos) << model.error().message;
  EXPECT_FALSE(store_.find(model_.id));
}

TEST_F(LeafFetchTest, ALyingBlockOfTheTreeIsNotBelieved) {
  make_tree_model();
  for (const char* mode : {"corrupt", "short", "html", "gone", "broken", "silent"}) {
    std::vector<std::string> words = {"--blocks", blocks_.string(), "--mode", mode};
    for (const ipld::Cid& cid : inner_) {
      words.emplace_back("--only");
      words.push_back(cid.str());
    }
    LyingGateway liar(words);
    LyingGateway honest(lies("honest"));
    expect_whole(download({{}, {liar.url(), honest.url()}}));
    const bool sends_wrong_bytes = mode == std::string_view("corrupt") || mode == std::string_view("short");
    EXPECT_EQ(distrusts(liar), sends_wrong_bytes) << mode;
    ASSERT_TRUE(eai::remove_all(folder_.path() / "home/models" / model_.id.str())) << mode;
  }
}

TEST_F(LeafFetchTest, WithoutATreeTheFileIsProvenAsAWhole) {
  make_tree_model();
  for (const ipld::Cid& cid : inner_) fs::remove(blocks_ / cid.str());
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
}

// Their writer wrapped the leaves with a modification time, which nobody else does.
TEST_F(LeafFetchTest, LeavesThatAreWrappedInAnUnusualWay) {
  make_tree_model(k_small);
  ipld::FileTree tree(k_small_v0, [&](const ipld::Cid& cid, const Bytes& block) { keep_block(cid, block); });
  for (std::size_t at = 0; at < model_.gguf.size(); at += 64 * k_kib) {
    const std::size_t size = std::min<std::size_t>(64 * k_kib, model_.gguf.size() - at);
    const auto begin = model_.gguf.begin() + static_cast<std::ptrdiff_t>(at);
    ipld::UnixfsData data;
    data.data = Bytes(begin, begin + static_cast<std::ptrdiff_t>(size));
    data.filesize = size;
    Bytes message = ipld::encode_unixfs(data);
    for (const std::uint8_t byte : {0x42, 0x02, 0x08, 0x01}) message.push_back(byte);  // mtime = 1 s
    const Bytes block = ipld::encode_dag_pb({{}, message});
    const ipld::Sha256 hash = ipld::sha256(block);
    const ipld::Cid cid =
        ipld::Cid::v1(ipld::Codec::dag_pb, {ipld::HashCode::sha2_256, Bytes(hash.begin(), hash.end())});
    keep_block(cid, block);
    tree.add({cid, size, block.size()});
  }
  const ipld::Cid root = tree.finish().cid;
  ASSERT_TRUE(write_file_atomic(blocks_ / "files" / root.str(), model_.gguf));
  model_.metadata.files[0].cid = root;
  name_model();
  LyingGateway one(lies("honest"));
  expect_whole(download({{}, {one.url()}}));
  ASSERT_TRUE(eai::remove_all(folder_.path() / "home/models" / model_.id.str()));
  LyingGateway blocks(lies("honest", {"--raw-only"}));
  expect_whole(download({{}, {blocks.url()}}));
}

TEST_F(LeafFetchTest, WhatAStopLeftIsUsed) {
  make_tree_model(k_small, 6'000'000);
  download_until_stopped(2'000'000);
  const std::uint64_t before = progress_.empty() ? 0 : progress_.back().verified;
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_EQ(before, 0U);
  EXPECT_LE(bytes_sent(gateway), model_.gguf.size() - 1'500'000);
  EXPECT_EQ(asked_for(gateway, "format=raw"), 0U) << "metadata and tree are kept";
}

TEST_F(LeafFetchTest, WhatIsNotNotedIsHashedNotFetched) {
  make_tree_model(k_small, 6'000'000);
  download_until_stopped(2'000'000);
  fs::remove(partial() / "journal");
  const fs::path file = partial() / "model.gguf";
  {  // one leaf was damaged meanwhile
    auto fd = open_file(file, O_WRONLY);
    ASSERT_TRUE(fd);
    ASSERT_TRUE(write_at(fd->get(), 100'000, view_of(std::string("damage"))));
  }
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_LE(bytes_sent(gateway), model_.gguf.size() - 1'000'000);
}

TEST_F(LeafFetchTest, ProgressNeverGoesBackAndCountsProvenBytes) {
  make_tree_model();
  LyingGateway liar(lies_about_content("corrupt", {"--times", "2"}));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
  std::uint64_t verified = 0;
  for (const Progress& one : progress_) {
    EXPECT_GE(one.verified, verified);
    EXPECT_EQ(one.verified, one.received);
    verified = one.verified;
  }
  EXPECT_EQ(progress_.back().verified, model_.gguf.size());
}

TEST_F(LeafFetchTest, FromABlockFolderWithoutANetwork) {
  make_tree_model();
  fs::remove(blocks_ / "files" / root_->str());
  options_.offline = true;
  expect_whole(download({{blocks_}, {}}));
}

TEST_F(LeafFetchTest, ADamagedBlockFolderIsMendedFromTheNetwork) {
  make_tree_model();
  const fs::path sick = folder_.path() / "sick";
  fs::copy(blocks_, sick, fs::copy_options::recursive);
  {
    auto fd = open_file(sick / leaves_[3].str(), O_WRONLY);
    ASSERT_TRUE(fd);
    ASSERT_TRUE(write_at(fd->get(), 1000, view_of(std::string("damage"))));
  }
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{sick}, {gateway.url()}}));
  EXPECT_LE(bytes_sent(gateway), 200'000U);
}

TEST_F(LeafFetchTest, AnyUrlIsASourceOnceTheTreeIsKnown) {
  make_tree_model();
  LyingGateway blocks(lies("honest", {"--raw-only", "--rate", "300000"}));
  LyingGateway web(lies("honest"));
  expect_whole(download({{}, {blocks.url()}, {web.url() + "/ipfs/" + root_->str()}}));
  EXPECT_GE(last(1).bytes, 2'000'000U);
  EXPECT_EQ(asked_for(web, "format=raw"), 0U) << "only gateways have blocks";
}

TEST_F(LeafFetchTest, AUrlOfAnotherFileIsNoLiar) {
  make_tree_model();
  Bytes other = model_.gguf;
  for (auto& byte : other) byte ^= 1U;
  EXPECT_TRUE(write_file_atomic(blocks_ / "files" / "other", other));
  other.resize(1000);
  EXPECT_TRUE(write_file_atomic(blocks_ / "files" / "short", other));
  for (const char* name : {"other", "short", "missing"}) {
    LyingGateway gateway(lies("honest"));
    LyingGateway web(lies("honest"));
    expect_whole(download({{}, {gateway.url()}, {web.url() + "/ipfs/" + name}}));
    EXPECT_EQ(last(1).trouble, "") << name;
    EXPECT_EQ(last(1).bytes, 0U) << name;
    EXPECT_FALSE(distrusts(web)) << name;
    EXPECT_LE(bytes_sent(web), 4 * k_mib + 100'000) << name;
    ASSERT_TRUE(eai::remove_all(folder_.path() / "home/models" / model_.id.str()));
  }
}

TEST_F(LeafFetchTest, AUrlThatLiesAfterItHasGivenLeavesIsBanned) {
  make_tree_model();
  Bytes other = model_.gguf;
  std::fill(other.begin() + 2'900'000, other.end(), 0);
  EXPECT_TRUE(write_file_atomic(blocks_ / "files" / "other", other));
  LyingGateway gateway(lies("honest", {"--raw-only"}));
  LyingGateway web(lies("honest"));
  expect_whole(download({{}, {gateway.url()}, {web.url() + "/ipfs/other"}}));
  EXPECT_FALSE(distrusts(web)) << "it may be an older file of the same name";
}

TEST_F(LeafFetchTest, AFileOnThisDiskIsASource) {
  make_tree_model();
  const fs::path stick = folder_.path() / "stick.gguf", stale = folder_.path() / "stale.gguf";
  ASSERT_TRUE(write_file_atomic(stick, model_.gguf));
  Bytes other = model_.gguf;
  for (auto& byte : other) byte ^= 1U;
  ASSERT_TRUE(write_file_atomic(stale, other));
  LyingGateway gateway(lies("honest", {"--raw-only"}));
  expect_whole(download({{}, {gateway.url()}, {stale.string(), stick.string()}}));
  EXPECT_LE(bytes_sent(gateway), 50'000U) << "metadata and tree";
}

TEST_F(LeafFetchTest, SourcesThatMakeNoSenseAreRefused) {
  make_tree_model();
  for (const char* source : {"/no/such/file", "ftp://host/a", "https://", "https://a:b@host/x", "http://host/#a", ""}) {
    const auto model = download({{}, {}, {source}});
    ASSERT_FALSE(model) << source;
    EXPECT_TRUE(model.error().code == Code::invalid || model.error().code == Code::not_found) << model.error().message;
  }
  EXPECT_NE(download({{}, {}, {"hf"}}).error().message.find("no source"), std::string::npos);
}

TEST_F(LeafFetchTest, AnArchiveWhosePartsAreTrees) {
  make_archive_of_trees();
  LyingGateway liar(lies_about_content("corrupt", {"--times", "1"}));
  LyingGateway honest(lies("honest", {"--raw-only"}));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
}

// Each segment is a file while it waits to be unpacked.
TEST_F(LeafFetchTest, AnArchiveOfManySegmentsKeepsFewFilesOpen) {
  make_archive_of_trees(30'000'000, 128 * k_kib);
  LyingGateway gateway(lies("honest"));
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit little{220, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &little), 0);
  const auto model = download({{}, {gateway.url()}});
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  expect_whole(model);
}

TEST_F(LeafFetchTest, AnArchiveGoesOnWhereItWasStopped) {
  make_archive_of_trees(6'000'000, 2 * k_mib);
  download_until_stopped(3'000'000);
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_LE(bytes_sent(gateway), model_.gguf.size() - 2'000'000);
}

}  // namespace
}  // namespace eai::fetch
