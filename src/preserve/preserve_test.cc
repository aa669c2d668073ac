#include "preserve/preserve.h"

#include <fstream>

#include <gtest/gtest.h>

#include "ipld/car.h"
#include "ipld/unixfs_reader.h"
#include "preserve/audit.h"
#include "preserve/deals.h"
#include "preserve/hash_unixfs.h"
#include "preserve/preserve_testing.h"
#include "preserve/receipts.h"
#include "preserve/sender.h"

namespace eai::preserve {
namespace {

using ipld::Cid;

TEST(Receipts, HoldAcrossRunsAndATornLine) {
  TemporaryFolder folder;
  const fs::path file = folder.path() / "r" / "x.receipts";
  const ipld::Sha256 hash = ipld::sha256(view_of("part"));
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
  ASSERT_TRUE(receipts->add("kubo", hash, 4, cid));
  EXPECT_EQ(receipts->bytes_at("kubo"), 4U);
  EXPECT_EQ(receipts->bytes_at("pinning"), 0U);
  EXPECT_FALSE(receipts->finished("kubo"));
  EXPECT_FALSE(receipts->settled());
  ASSERT_TRUE(receipts->finish("kubo", cid));
  ASSERT_TRUE(receipts->settle({"kubo-v1", "lighthouse"}));
  EXPECT_EQ(receipts->place("cluster"), "");
  ASSERT_TRUE(receipts->set_place("cluster", "a b"));
  ASSERT_TRUE(receipts->set_place("cluster", "a c"));
  receipts.reset();
  receipts = Receipts::open(file).value();
  EXPECT_EQ(receipts->find("kubo", hash, 4), cid);
  EXPECT_EQ(receipts->finished("kubo"), cid);
  EXPECT_FALSE(receipts->finished("lighthouse"));
  EXPECT_EQ(receipts->settled()->profile, "kubo-v1");
  EXPECT_EQ(receipts->settled()->by, "lighthouse");
  EXPECT_EQ(receipts->place("cluster"), "a c");
  EXPECT_EQ(receipts->place("kubo"), "");
  ASSERT_TRUE(receipts->forget());
  EXPECT_EQ(receipts->place("cluster"), "");
  EXPECT_EQ(receipts->bytes_at("kubo"), 0U);
  receipts.reset();
  receipts = Receipts::open(file).value();
  EXPECT_FALSE(receipts->find("kubo", hash, 4) || receipts->finished("kubo") || receipts->settled());
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

// A home in memory, which may lie or fail.
struct Script {
  ipld::Profile profile = ipld::k_unixfs_v1_2025;
  bool lies = false;
  int fails_after = -1;  // files that it takes before it takes no more
  bool refuses = false;
  bool whole = false;
  bool stops_at_end = false;  // all is there, and then nobody says so
  bool picks = true;
  bool stubborn = false;  // cuts as `profile` says though it was asked for another
};
struct Kept {
  std::vector<std::string> files, cars;
  std::optional<Cid> hash;
};

class FakeHome final : public Home {
 public:
  FakeHome(std::string name, Script script, Kept& kept) : Home(std::move(name)), script_(script), kept_(kept) {}
  Result<void> prepare(std::uint64_t, const std::vector<Home*>&) override {
    if (script_.whole && kept_.hash) return fail(Code::invalid, name() + " is there already");
    if (script_.refuses) return fail(Code::invalid, name() + ": the key was refused");
    return {};
  }
  bool whole_or_nothing() const override { return script_.whole; }
  Result<Cid> put_file(const Upload& upload) override {
    std::lock_guard lock(mutex_);
    if (script_.fails_after >= 0 && static_cast<int>(kept_.files.size()) >= script_.fails_after) {
      return fail(Code::network, name() + ": broken");
    }
    kept_.files.push_back(upload.name);
    if (script_.lies) return Cid::raw_of(view_of("other"));
    return import_body(upload.body, script_.picks || script_.stubborn ? script_.profile : upload.profile, nullptr,
                       nullptr)
        ->cid;
  }
  // Only what is whole, block by block.
  Result<void> put_car(const Upload& upload) override {
    Bytes bytes(upload.body.size());
    EAI_CHECK(upload.body.read(0, bytes));
    std::map<Bytes, Bytes> blocks;
    ipld::CarReader reader([&](const Cid& cid, ByteView block) -> Result<void> {
      blocks.emplace(cid.hash().bytes(), Bytes(block.begin(), block.end()));
      return {};
    });
    EAI_CHECK(reader.feed(bytes));
    EAI_CHECK(reader.finish());
    auto get = [&](const Cid& cid) -> Result<ByteView> {
      const auto found = blocks.find(cid.hash().bytes());
      if (found == blocks.end()) return fail(Code::not_found, "no such block");
      return ByteView(found->second);
    };
    auto ignore = [](ByteView) -> Result<void> { return {}; };
    EAI_CHECK(ipld::read_unixfs_file(upload.cid, UINT64_MAX, get, ignore));
    std::lock_guard lock(mutex_);
    kept_.cars.push_back(upload.name);
    return {};
  }
  std::uint64_t limit() const override { return 100 * k_mib; }
  std::uint64_t car_size() const override { return UINT64_MAX; }
  Result<void> keep(const Cid&, const std::string&) override { return {}; }
  Result<void> finish(const Cid& hash) override {
    kept_.hash = hash;
    return script_.stops_at_end ? Result<void>(fail(Code::io, "stopped")) : Result<void>();
  }
  bool picks_profile() const override { return script_.picks; }

 private:
  std::mutex mutex_;
  Script script_;
  Kept& kept_;
};

struct Demo {
  TemporaryFolder folder;
  Folder model;
  Options options;
  std::vector<Kept> kept{2};
  Demo() {
    model.name = "m";
    model.path = folder.path();
    model.files = {file_of(folder.path(), "m", pattern(5 * k_mib, 9))};
    model.ggufs.resize(1);
    options.part_size = 2 * k_mib;
    options.work_folder = folder.path() / "work";
  }
  Result<Outcome> run(const std::vector<Script>& scripts) {
    Homes homes;
    for (std::size_t i = 0; i < scripts.size(); ++i) {
      homes.push_back(std::make_unique<FakeHome>("fake-" + std::to_string(i), scripts[i], kept[i]));
    }
    Monitor monitor;
    auto outcome = preserve(model, options, homes, monitor, std::stop_source());
    if (outcome && outcome->failures.empty()) {
      EXPECT_TRUE(outcome->journal->remove());
    }
    if (outcome) outcome->journal.reset();  // lets go of its lock
    return outcome;
  }
  Outcome run_well(const std::vector<Script>& scripts) {
    auto outcome = run(scripts);
    if (outcome) return *std::move(outcome);
    ADD_FAILURE() << outcome.error().message;
    return {};
  }
};

TEST(Preserve, FollowsTheProfileOfAHome) {
  Demo demo;
  const Outcome ours = demo.run_well({Script{}});
  EXPECT_EQ(ours.metadata.files.size(), 3U);
  EXPECT_EQ(ours.profile, "unixfs-v1-2025");
  Script like;
  like.profile = *ipld::find_profile("kubo-v1");
  const Outcome theirs = demo.run_well({like});
  EXPECT_EQ(theirs.profile, "kubo-v1");
  EXPECT_NE(ours.hash, theirs.hash);
  EXPECT_EQ(ours.metadata.files[0].sha256, theirs.metadata.files[0].sha256);
  EXPECT_EQ(theirs.hash, demo.run_well({like}).hash);
}

TEST(Preserve, ALieEndsIt) {
  Demo demo;
  Script liar;
  liar.lies = true;
  EXPECT_EQ(demo.run({liar}).error().code, Code::corrupt);
  EXPECT_FALSE(demo.kept[0].hash);
}

TEST(Preserve, OneHomeThatFailsDoesNotEndTheOther) {
  Demo demo;
  Script broken, good;
  broken.picks = good.picks = false;
  broken.fails_after = 2;
  const Outcome outcome = demo.run_well({broken, good});
  ASSERT_EQ(outcome.failures.size(), 1U);
  EXPECT_EQ(outcome.failures[0].home, "fake-0");
  EXPECT_EQ(outcome.failures[0].error.code, Code::network);
  EXPECT_EQ(demo.kept[1].hash, outcome.hash);
  EXPECT_EQ(demo.kept[1].files.size(), 4U);
  // Only what is missing goes out, and only there.
  const Outcome again = demo.run_well({good, good});
  EXPECT_TRUE(again.failures.empty());
  EXPECT_EQ(again.hash, outcome.hash);
  EXPECT_EQ(demo.kept[0].files.size(), 4U);
  EXPECT_EQ(demo.kept[1].files.size(), 4U);
}

TEST(Preserve, AHomeThatDoesNotCutAsAskedGetsTheBlocks) {
  Demo demo;
  Script old;
  old.picks = false;
  old.stubborn = true;
  old.profile = *ipld::find_profile("kubo-v1");
  const Outcome outcome = demo.run_well({old});
  EXPECT_TRUE(outcome.failures.empty());
  EXPECT_EQ(outcome.profile, "unixfs-v1-2025");
  EXPECT_EQ(demo.kept[0].cars.size(), 3U);
  EXPECT_EQ(demo.kept[0].hash, outcome.hash);
}

TEST(Preserve, AHomeThatComesLaterTakesTheTreesThatAreSettled) {
  Demo demo;
  Script picky, plain;
  picky.profile = *ipld::find_profile("kubo-v1");
  picky.refuses = true;
  plain.picks = false;
  const Outcome outcome = demo.run_well({picky, plain});
  EXPECT_EQ(outcome.failures.size(), 1U);
  EXPECT_EQ(outcome.profile, "unixfs-v1-2025");
  picky.refuses = false;
  const Outcome again = demo.run_well({picky, plain});
  EXPECT_TRUE(again.failures.empty());
  EXPECT_EQ(again.hash, outcome.hash);
  EXPECT_EQ(demo.kept[0].cars.size(), 3U);
  EXPECT_EQ(demo.kept[0].files, std::vector<std::string>{"m_metadata.json"});
}

TEST(Preserve, WhatWasWrittenAsAWholeStands) {
  Demo demo;
  Script broken, disk;
  broken.picks = disk.picks = false;
  broken.fails_after = 1;
  disk.whole = true;
  const Outcome outcome = demo.run_well({broken, disk});
  EXPECT_EQ(outcome.failures.size(), 1U);
  broken.fails_after = 2;
  const Outcome again = demo.run_well({broken, disk});
  ASSERT_EQ(again.failures.size(), 1U);
  EXPECT_EQ(again.failures[0].home, "fake-0");
  EXPECT_EQ(demo.kept[1].files.size(), 4U);
  // It holds another state of the folder: said, not overwritten.
  broken.fails_after = 3;
  demo.model.files = {file_of(demo.folder.path(), "m", pattern(5 * k_mib, 10))};
  const auto changed = demo.run({broken, disk});
  ASSERT_FALSE(changed);
  EXPECT_NE(changed.error().message.find("an earlier state of the folder"), std::string::npos);
  EXPECT_EQ(demo.kept[1].hash, outcome.hash);
}

// As a run that is killed when its file has its name, and before that is written down.
TEST(Preserve, WhatIsThereAsAWholeCountsAlsoWhenTheRunEndedThere) {
  Demo demo;
  Script disk;
  disk.picks = false;
  disk.whole = disk.stops_at_end = true;
  ASSERT_FALSE(demo.run({disk}));
  ASSERT_TRUE(demo.kept[0].hash);
  disk.stops_at_end = false;
  const auto again = demo.run({disk});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->hash, demo.kept[0].hash);
  EXPECT_EQ(again->sent, 0u);
}

TEST(Preserve, AllHomesThatFailAreNamed) {
  Demo demo;
  Script first, second;
  first.refuses = true;
  second.fails_after = 0;
  const auto outcome = demo.run({first, second});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code, Code::invalid);
  EXPECT_NE(outcome.error().message.find("fake-0: the key was refused"), std::string::npos);
  EXPECT_NE(outcome.error().message.find("fake-1: broken"), std::string::npos);
}

TEST(Preserve, WhatIsTooLargeForAHomeIsSaidFirst) {
  Demo demo;
  demo.options.part_size = 101 * k_mib;
  EXPECT_EQ(demo.run({Script{}}).error().code, Code::invalid);
  demo.options.part_size = 0;
  EXPECT_EQ(demo.run({Script{}}).error().code, Code::invalid);
  // More parts than the metadata could list: found out before the first is made.
  demo.options.part_size = 1000;
  EXPECT_EQ(demo.run({Script{}}).error().hint, Hint::larger_parts);
  demo.options.part_size = 2 * k_mib;
  demo.options.format = model::Format::unixfs;
  fs::resize_file(demo.folder.path() / "m", 101 * k_mib);
  demo.model.files = {SourceFile::open(demo.folder.path(), "m").value()};
  EXPECT_EQ(demo.run({Script{}}).error().code, Code::invalid);
  EXPECT_TRUE(demo.kept[0].files.empty() && demo.kept[0].cars.empty());
}

TEST(Preserve, ACarHoldsTheWholeModelAndLosesNoBlock) {
  Demo demo;
  for (const auto format : {model::Format::archive, model::Format::unixfs}) {
    demo.options.format = format;
    const fs::path car = demo.folder.path() / (format == model::Format::archive ? "a.car" : "u.car");
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

// A home that has everything except one block, and perhaps gives whole files only.
class Lacking final : public peers::BlockSource {
 public:
  enum class Gives { blocks, wholes };
  Lacking(peers::BlockSource& from, Cid lacks, Gives gives) : from_(from), lacks_(std::move(lacks)), gives_(gives) {}
  const std::string& name() const override { return from_.name(); }
  Result<Bytes> block(const Cid& cid) override {
    const bool refused = gives_ == Gives::wholes && cid.codec() == ipld::Codec::dag_pb;
    if (cid == lacks_ || refused) return fail(Code::not_found, "not here");
    return from_.block(cid);
  }
  Result<void> whole(const Cid& cid, const std::function<Result<void>(ByteView)>& bytes,
                     const std::function<void()>& again) override {
    if (cid == lacks_) return fail(Code::not_found, "not here");
    return from_.whole(cid, bytes, again);
  }

 private:
  peers::BlockSource& from_;
  Cid lacks_;
  Gives gives_;
};

TEST(Preserve, TheTreesOfAllFilesGoUpAsOneCar) {
  Demo demo;
  demo.options.format = model::Format::unixfs;
  demo.model.files.push_back(file_of(demo.folder.path(), "m-projector", pattern(3 * k_mib, 4)));
  demo.model.ggufs.resize(2);
  const Outcome sent = demo.run_well({Script{}});
  ASSERT_TRUE(sent.metadata.tree_car);
  ASSERT_EQ(demo.kept[0].cars.size(), 3U);
  EXPECT_EQ(demo.kept[0].cars.back(), "m-trees-0.car") << "behind those of the files, which are sent side by side";

  const fs::path car = demo.folder.path() / "m.car";
  const Homes homes = make_homes({"car:" + car.string()}, {}).value();
  Monitor monitor;
  const Outcome outcome = preserve(demo.model, demo.options, homes, monitor, std::stop_source()).value();
  EXPECT_EQ(outcome.hash, sent.hash) << "the same files give the same CAR";
  EXPECT_EQ(outcome.trees.size(), 2U);
  auto source = make_source("car:" + car.string(), {}).value();
  const model::PartEntry trees = *outcome.metadata.tree_car;
  const Bytes block = source->block(trees.cid).value();
  EXPECT_EQ(block.size(), trees.size);
  EXPECT_EQ(ipld::sha256(block), trees.sha256);
  // One request, and every leaf of every file is known.
  std::vector<ipld::TreeWalk> walks;
  for (const auto& file : outcome.metadata.files) walks.push_back(ipld::TreeWalk::begin(file.cid, file.size).value());
  ipld::CarReader reader([&](const Cid& cid, ByteView inner) -> Result<void> {
    for (ipld::TreeWalk& walk : walks) EAI_CHECK(walk.give(cid, inner));
    return {};
  });
  ASSERT_TRUE(reader.feed(block));
  ASSERT_TRUE(reader.finish());
  EXPECT_EQ(walks[0].leaves().value().count(), 5U);
  EXPECT_EQ(walks[1].leaves().value().count(), 3U);

  // A home that lacks it has the model all the same.
  for (const auto gives : {Lacking::Gives::blocks, Lacking::Gives::wholes}) {
    Lacking lacking(*source, trees.cid, gives), whole(*source, outcome.hash.as_v1(), gives);
    const Verdict verdict = audit(outcome.hash, lacking, 1000).value();
    EXPECT_EQ(verdict.wholes > 0, gives == Lacking::Gives::wholes);
    ASSERT_TRUE(verdict.tree_car_fault);
    EXPECT_EQ(verdict.tree_car_fault->code, Code::not_found);
    EXPECT_FALSE(audit(outcome.hash, whole, 1000)) << "without its metadata there is no model";
  }
  const Verdict good = audit(outcome.hash, *source, 1000).value();
  EXPECT_TRUE(good.tree_car && !good.tree_car_fault);
}

TEST(Preserve, FilesOfOneBlockHaveNoTrees) {
  Demo demo;
  demo.options.format = model::Format::unixfs;
  demo.model.files = {file_of(demo.folder.path(), "m", pattern(1000, 9))};
  const Outcome outcome = demo.run_well({Script{}});
  EXPECT_FALSE(outcome.metadata.tree_car);
  EXPECT_EQ(outcome.trees.size(), 1U);
  EXPECT_EQ(demo.kept[0].cars, std::vector<std::string>{"m-0.car"});
}

TEST(Deals, AllShapesThatLighthouseUses) {
  for (const char* text : {R"([{"dealStatus":"Active","storageProvider":"f01","chainDealID":7}])",
                           R"({"data":[{"status":"Active","miner":"f01","dealId":"7"}]})",
                           R"({"data":{"dealStatus":[{"dealStatus":"Active","storageProvider":"f01","dealId":7}]}})"}) {
    const auto deals = parse_deals(view_of(text));
    ASSERT_TRUE(deals) << text;
    ASSERT_EQ(deals->size(), 1U);
    EXPECT_EQ(deals->front().state, "Active");
    EXPECT_EQ(deals->front().provider, "f01");
    EXPECT_EQ(deals->front().id, "7");
  }
  EXPECT_TRUE(parse_deals(view_of("[]"))->empty());
  for (const char* text : {"", "<html>", "{}", "[7]", R"({"data":"soon"})"}) {
    EXPECT_EQ(parse_deals(view_of(text)).error().code, Code::network) << text;
  }
}

}  // namespace
}  // namespace eai::preserve
