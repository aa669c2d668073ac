#include "preserve/preserve.h"

#include <fstream>

#include <gtest/gtest.h>

#include "content/unixfs_reader.h"
#include "preserve/audit.h"
#include "preserve/hash_unixfs.h"
#include "preserve/receipts.h"
#include "preserve/sender.h"

namespace eai::preserve {
namespace {

using content::Cid;

Bytes pattern(std::size_t size, std::uint32_t seed) {
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>((seed = seed * 1664525 + 1013904223) >> 24);
  return out;
}

std::shared_ptr<SourceFile> file_of(const fs::path& folder, const std::string& name, const Bytes& bytes) {
  EXPECT_TRUE(write_file_atomic(folder / name, bytes));
  return SourceFile::open(folder, name).value();
}

void no_progress(std::uint64_t) {}

TEST(Body, ReadsAcrossItsPieces) {
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
}

TEST(SourceFile, AChangeIsNoticed) {
  TemporaryFolder folder;
  auto file = file_of(folder.path(), "f", pattern(1000, 1));
  EXPECT_TRUE(file->still_same());
  fs::resize_file(folder.path() / "f", 500);
  EXPECT_EQ(file->still_same().error().code, Code::busy);
  Bytes into(1000);
  EXPECT_EQ(file->read(0, into).error().code, Code::busy);
  fs::create_symlink("f", folder.path() / "link");
  EXPECT_FALSE(SourceFile::open(folder.path(), "link"));
}

TEST(HashUnixfs, OneRegionIsWhatIpfsAddGives) {
  TemporaryFolder folder;
  const Bytes content = pattern(3 * k_mib + 5, 2);
  auto file = file_of(folder.path(), "f", content);
  Workers workers(3);
  const HashedFile hashed = hash_unixfs(file, {{0, content.size()}}, workers, no_progress, {}).value();
  Body body;
  body.add(file, {0, content.size()});
  EXPECT_EQ(hashed.root.cid, import_body(body, content::k_unixfs_v1_2025, nullptr, nullptr).value().cid);
  EXPECT_EQ(hashed.sha256, content::sha256(content));
  EXPECT_EQ(hashed.leaves.size(), 4U);
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
    for (const Block& block : hashed.inner) {
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
  ASSERT_TRUE(content::read_unixfs_file(hashed.root.cid, content.size(), get, [&](ByteView bytes) -> Result<void> {
    out.insert(out.end(), bytes.begin(), bytes.end());
    return {};
  }));
  EXPECT_EQ(out, content);
}

TEST(Receipts, HoldAcrossRunsAndATornLine) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "r" / "x.receipts";
  const content::Sha256 hash = content::sha256(view_of("part"));
  const Cid cid = Cid::raw_of(view_of("part"));
  {
    auto receipts = Receipts::open(file).value();
    EXPECT_EQ(Receipts::open(file).error().code, Code::busy);
    ASSERT_TRUE(receipts->add("lighthouse", hash, 4, cid));
  }
  std::ofstream(file, std::ios::app) << "{\"home\":\"kubo\",\"sha";
  auto receipts = Receipts::open(file).value();
  EXPECT_EQ(receipts->find("lighthouse", hash, 4), cid);
  EXPECT_FALSE(receipts->find("kubo", hash, 4));
  EXPECT_FALSE(receipts->find("lighthouse", hash, 5));
  ASSERT_TRUE(receipts->add("kubo", hash, 4, cid));
  receipts.reset();
  receipts = Receipts::open(file).value();
  EXPECT_EQ(receipts->find("kubo", hash, 4), cid);
}

TEST(CidInAnswer, AllShapesThatServicesUse) {
  const std::string cid = Cid::raw_of({}).str();
  for (const std::string& answer : {R"({"Name":"x","Hash":")" + cid + "\"}", R"({"data":{"Hash":")" + cid + "\"}}",
                                    R"({"Root":{"Cid":{"/":")" + cid + "\"}}}",
                                    R"({"Hash":"bafkqaaa"})"
                                    "\n"
                                    R"({"Hash":")" +
                                        cid + "\"}\n",
                                    R"({"pin":{"cid":")" + cid + "\"}}"}) {
    auto found = cid_in_answer(view_of(answer));
    ASSERT_TRUE(found) << answer;
    EXPECT_EQ(found->str(), cid);
  }
  EXPECT_EQ(cid_in_answer(view_of("<html>")).error().code, Code::network);
  EXPECT_FALSE(cid_in_answer(view_of(R"({"Hash":"nonsense"})")));
}

TEST(Homes, WordsThatAreNone) {
  EXPECT_EQ(make_homes({"lighthouse"}, {}).error().code, Code::invalid);  // no key
  EXPECT_EQ(make_homes({"attic"}, {}).error().code, Code::invalid);
  EXPECT_EQ(make_homes({"car:"}, {}).error().code, Code::invalid);
  EXPECT_EQ(make_homes({"kubo", "kubo"}, {}).error().code, Code::invalid);
}

// A home in memory, which may lie.
class FakeHome final : public Home {
 public:
  FakeHome() : Home("fake") {}
  Result<void> prepare(std::uint64_t, const std::vector<std::string>&) override { return {}; }
  Result<Cid> put_file(const Upload& upload) override {
    ++puts;
    if (lies) return Cid::raw_of(view_of("other"));
    return import_body(upload.body, profile, nullptr, nullptr)->cid;
  }
  Result<void> put_car(const Upload&) override { return {}; }
  Result<void> keep(const Cid&, const std::string&) override { return {}; }
  Result<void> finish(const Cid&) override { return {}; }
  bool picks_profile() const override { return true; }
  content::Profile profile = content::k_unixfs_v1_2025;
  bool lies = false;
  std::atomic<int> puts = 0;
};

struct Demo {
  TemporaryFolder folder;
  Folder model;
  Options options;
  Demo() {
    model.name = "m";
    model.path = folder.path();
    model.files = {file_of(folder.path(), "m", pattern(5 * k_mib, 9))};
    model.ggufs.resize(1);
    options.part_size = 2 * k_mib;
    options.work_folder = folder.path() / "work";
  }
  Result<Outcome> run(FakeHome*& home) {
    Homes homes;
    homes.push_back(std::make_unique<FakeHome>());
    if (home != nullptr) {
      static_cast<FakeHome*>(homes[0].get())->profile = home->profile;
      static_cast<FakeHome*>(homes[0].get())->lies = home->lies;
    }
    Monitor monitor;
    return preserve(model, options, homes, monitor, std::stop_source());
  }
};

TEST(Preserve, FollowsTheProfileOfAHome) {
  Demo demo;
  FakeHome like;
  FakeHome* home = &like;
  const Outcome ours = demo.run(home).value();
  EXPECT_EQ(ours.metadata.files.size(), 3U);
  EXPECT_EQ(ours.profile, "unixfs-v1-2025");
  like.profile = *content::find_profile("kubo-v1");
  const Outcome theirs = demo.run(home).value();
  EXPECT_EQ(theirs.profile, "kubo-v1");
  EXPECT_NE(ours.hash, theirs.hash);
  EXPECT_EQ(ours.metadata.files[0].sha256, theirs.metadata.files[0].sha256);
  EXPECT_EQ(theirs.metadata.files[2].cid, demo.run(home).value().metadata.files[2].cid);
}

TEST(Preserve, ALieEndsIt) {
  Demo demo;
  FakeHome like;
  like.lies = true;
  FakeHome* home = &like;
  auto outcome = demo.run(home);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::corrupt);
}

TEST(Preserve, ACarHoldsTheWholeModelAndLosesNoBlock) {
  Demo demo;
  for (const auto format : {content::Format::archive, content::Format::unixfs}) {
    demo.options.format = format;
    const fs::path car = demo.folder.path() / (format == content::Format::archive ? "a.car" : "u.car");
    const Homes homes = make_homes({"car:" + car.string()}, {}).value();
    Monitor monitor;
    const Outcome outcome = preserve(demo.model, demo.options, homes, monitor, std::stop_source()).value();
    auto source = make_source("car:" + car.string(), {});
    ASSERT_TRUE(source) << source.error().message;
    const Verdict verdict = audit(outcome.hash, **source, 1000).value();
    EXPECT_EQ(verdict.leaves, verdict.all_leaves);
    EXPECT_GE(verdict.leaves, 5U);
  }
  // A flipped bit is found.
  std::fstream file(demo.folder.path() / "u.car", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(3'000'000);
  file.put('x');
  file.close();
  EXPECT_EQ(make_source("car:" + (demo.folder.path() / "u.car").string(), {}).error().code, Code::corrupt);
}

}  // namespace
}  // namespace eai::preserve
