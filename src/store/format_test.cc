// Homes of other versions: those that were written when the format was 1, and those that a later version will write.
#include <gtest/gtest.h>

#include "store/adopt.h"
#include "store/store_testing.h"

namespace eai::store {
namespace {

// tests/fixtures/home_format_1 is what the writer of format 1 made of three models and a download that was stopped; the
// weights of one model were changed before it was checked.
struct OldHome : StoreFixture {
  ipld::Cid seeing = *ipld::Cid::parse("bafkreierf24b3m6siohwdpxumzssjuh4mdb3f7xftay3ydvdtqjuasms4u");
  ipld::Cid painter = *ipld::Cid::parse("bafkreidgvwnys276na5dmml3q3evfdsopymqciwlwnr2qxs2yakbp7rggq");
  ipld::Cid hurt = *ipld::Cid::parse("bafkreiefcupn2doo367w5pup7zh4sy2cmvyvcadhww45zmobq7adr3tdgm");
  ipld::Cid begun = *ipld::Cid::parse("bafkreie2d5sprlyazdalvtw7aaji2eemb743tzo2ade3inveoeuktw7d3a");

  OldHome() { fs::copy(EAI_SOURCE_DIR "/tests/fixtures/home_format_1", home, fs::copy_options::recursive); }
};

TEST(OldHome, IsReadAsItIs) {
  OldHome here;
  const auto before = here.tree();
  const auto contents = here.store.list();
  ASSERT_TRUE(contents) << contents.error().message;
  ASSERT_EQ(contents->models.size(), 2u);
  EXPECT_EQ(contents->models[0].id, here.painter);
  EXPECT_EQ(here.text(contents->models[0].payload() / "vae/a.safetensors"), "vae");
  const Model& seeing = contents->models[1];
  EXPECT_EQ(seeing.id, here.seeing);
  EXPECT_EQ(seeing.origin, Origin::downloaded);
  EXPECT_EQ(seeing.created, std::chrono::system_clock::time_point(std::chrono::seconds(1'795'861'849)));
  EXPECT_EQ(here.text(*seeing.gguf()), "weights");
  EXPECT_EQ(here.text(*seeing.projector()), "eyes");
  ASSERT_EQ(contents->damaged.size(), 1u);
  EXPECT_EQ(contents->damaged[0].id, here.hurt);
  EXPECT_NE(contents->damaged[0].why.find("a check found that model.gguf changed"), std::string::npos);
  ASSERT_EQ(contents->unfinished.size(), 1u);
  EXPECT_EQ(contents->unfinished[0].id, here.begun);
  EXPECT_TRUE(contents->newer.empty());
  EXPECT_EQ(here.tree(), before);
}

TEST(OldHome, IsWorkedOnAsIfItWereNew) {
  OldHome here;
  EXPECT_TRUE(here.store.check(here.seeing, {}, {}).value().empty());
  EXPECT_EQ(here.store.check(here.hurt, {}, {}).value().size(), 1u);
  here.write(here.home / "models" / here.hurt.str() / "model.gguf", "weights");
  EXPECT_TRUE(here.store.check(here.hurt, {}, {}).value().empty());
  EXPECT_TRUE(here.store.find(here.hurt)) << "the mark of the old version is gone";
  EXPECT_EQ(*here.store.partial_folder(*here.store.lock(here.begun, FileLock::Wait::no)),
            here.home / "partial" / here.begun.str());
  EXPECT_TRUE(here.store.remove(*here.store.lock(here.painter, FileLock::Wait::no)));
  EXPECT_EQ(here.store.list()->models.size(), 2u);
}

// A model as a later version may keep it, and what this version was in the middle of when that one took over.
struct Newer : testing::TestWithParam<int> {
  StoreFixture here;
  ipld::Cid id = here.put("demo", {{"model.gguf", "weights"}});
  fs::path folder = here.home / "models" / id.str();

  Newer() {
    fs::remove(folder / "metadata.json");
    here.write(folder / "manifest.json", R"({"format":)" + std::to_string(GetParam()) + R"(,"trees":{}})");
    here.write(here.home / "partial" / id.str() / "model.gguf", "weights");
  }
};

TEST_P(Newer, IsNeitherUsedNorCalledDamaged) {
  const auto contents = here.store.list();
  ASSERT_TRUE(contents);
  EXPECT_TRUE(contents->models.empty());
  EXPECT_TRUE(contents->damaged.empty());
  EXPECT_TRUE(contents->unfinished.empty()) << "this version cannot go on with it";
  ASSERT_EQ(contents->newer.size(), 1u);
  EXPECT_EQ(contents->newer[0].id, id);
  EXPECT_EQ(contents->newer[0].why, "the stored model " + id.str() +
                                        ": it was written by a newer version of eai (format " +
                                        std::to_string(GetParam()) + "; this one reads up to 2)");
  EXPECT_EQ(here.store.find(id).error().code, Code::unsupported);
  EXPECT_EQ(here.store.check(id, {}, {}).error().code, Code::unsupported);
}

TEST_P(Newer, StaysUntilItsRemovalIsAskedFor) {
  const auto before = here.tree();
  here.store.sweep();
  {
    const auto lock = here.store.lock(id, FileLock::Wait::no);
    ASSERT_TRUE(lock);
    const std::vector<StoredFile> files = {{"model.gguf", 7, ipld::sha256(view_of("weights"))}};
    const auto outcome = here.store.commit(*lock, view_of(here.metadata_for("demo")), Origin::downloaded, files);
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().code, Code::unsupported);
  }
  here.write(here.folder.path() / "old" / (id.str() + ".gguf"), "weights");
  const auto candidates = find_candidates(here.folder.path() / "old");
  ASSERT_TRUE(candidates);
  EXPECT_EQ(adopt(here.store, candidates->at(0), view_of(here.metadata_for("demo")), {}, {}).error().code,
            Code::unsupported);
  EXPECT_EQ(here.tree(), before);
  EXPECT_TRUE(here.store.remove(*here.store.lock(id, FileLock::Wait::no)));
  EXPECT_EQ(here.store.find(id).error().code, Code::not_found);
}

INSTANTIATE_TEST_SUITE_P(Formats, Newer, testing::Values(3, 99));

}  // namespace
}  // namespace eai::store
