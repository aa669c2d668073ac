#include "store/adopt.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "fakes/small_gguf.h"
#include "store/store_testing.h"

namespace eai::store {
namespace {

std::string weights(std::string_view architecture = "llama") {
  return std::string(text_of(small_gguf(view_of("wwwwwwww"), architecture)));
}

struct Tool : StoreFixture {
  fs::path old = folder.path() / "llms-storage";

  // The files that the Python tool leaves of one model.
  std::string leave(const std::string& name, const std::string& model, const std::string& task = "chat") {
    std::string hash = id_for(name, task).str();
    write(old / (hash + ".json"), metadata_for(name, task));
    write(old / (hash + ".gguf"), model);
    return hash;
  }
  Result<Adopted> take(const Candidate& candidate) {
    EAI_TRY(const Bytes metadata, metadata_of(candidate));
    return adopt(store, candidate, metadata, {}, {});
  }
  Result<Adopted> take_only() {
    auto candidates = find_candidates(old);
    EXPECT_TRUE(candidates && candidates->size() == 1u);
    return take(candidates->front());
  }
};

ino_t inode(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::stat(path.c_str(), &info), 0);
  return info.st_ino;
}

TEST(Adopt, TakesModelAndProjectorWithoutASecondCopy) {
  Tool tool;
  std::string hash = tool.leave("eyes", weights());
  tool.write(tool.old / (hash + ".gguf-projector"), weights("clip"));
  auto adopted = tool.take_only();
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_FALSE(adopted->was_here);
  EXPECT_EQ(adopted->way, CloneWay::hard_link);
  EXPECT_EQ(adopted->model.origin, Origin::adopted);
  EXPECT_EQ(inode(*adopted->model.gguf()), inode(tool.old / (hash + ".gguf")));
  EXPECT_EQ(tool.text(*adopted->model.projector()), weights("clip"));
  EXPECT_TRUE(tool.store.check(adopted->model.id, {}, {}).value().empty());
  auto again = tool.take_only();
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_TRUE(again->was_here);
}

TEST(Adopt, TakesAFolderOfSeveralFiles) {
  Tool tool;
  std::string hash = tool.leave("flux", "", "image-generation");
  fs::remove(tool.old / (hash + ".gguf"));
  tool.write(tool.old / (hash + ".gguf") / "transformer/a.safetensors", "aa");
  tool.write(tool.old / (hash + ".gguf") / "model_index.json", "{}");
  auto adopted = tool.take_only();
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(adopted->model.files.size(), 2u);
  EXPECT_EQ(tool.text(adopted->model.folder / "payload/transformer/a.safetensors"), "aa");
}

TEST(Adopt, RefusesWhatIsNotProvenAndLeavesNothing) {
  Tool tool;
  std::string changed = tool.leave("changed", weights());
  tool.write(tool.old / (changed + ".json"), tool.metadata_for("other"));
  std::string html = tool.leave("html", "<html>");
  std::string eyes = tool.leave("eyes", weights("clip"));
  std::string linked = tool.leave("linked", weights());
  fs::remove(tool.old / (linked + ".gguf"));
  fs::create_symlink(tool.old / "nowhere", tool.old / (linked + ".gguf"));
  tool.write(tool.old / "notes.json", "{}");
  auto candidates = find_candidates(tool.old);
  ASSERT_TRUE(candidates);
  ASSERT_EQ(candidates->size(), 4u);
  for (const Candidate& candidate : *candidates) {
    auto outcome = tool.take(candidate);
    ASSERT_FALSE(outcome) << candidate.hash;
    EXPECT_EQ(outcome.error().code == Code::corrupt, candidate.hash == changed) << outcome.error().message;
    EXPECT_EQ(outcome.error().code == Code::invalid, candidate.hash != changed) << outcome.error().message;
    if (candidate.hash == linked) {
      EXPECT_NE(outcome.error().message.find("does not exist"), std::string::npos);
    }
    if (candidate.hash == eyes) {
      EXPECT_NE(outcome.error().message.find("is a projector"), std::string::npos);
    }
    EXPECT_EQ(fs::exists(candidate.model), candidate.hash != linked);
  }
  EXPECT_FALSE(fs::exists(tool.home / "models"));
  EXPECT_TRUE(fs::is_empty(tool.home / "partial"));
}

TEST(Adopt, ALinkStandsForItsFile) {
  Tool tool;
  const std::string hash = tool.leave("linked", weights());
  const fs::path name = tool.old / (hash + ".gguf"), blob = tool.folder.path() / "blob";
  fs::rename(name, blob);
  fs::create_symlink(blob, name);
  auto adopted = tool.take_only();
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(adopted->way, CloneWay::hard_link);
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(*adopted->model.gguf())));
  EXPECT_EQ(inode(*adopted->model.gguf()), inode(blob));
}

TEST(Adopt, LinksInAFolderStandForFilesAndForNothingElse) {
  for (const bool to_folder : {false, true}) {
    Tool tool;
    const std::string hash = tool.leave("flux", "", "image-generation");
    const fs::path folder = tool.old / (hash + ".gguf");
    fs::remove(folder);
    tool.write(folder / "model_index.json", "{}");
    tool.write(tool.folder.path() / "blobs/a", "aa");
    fs::create_symlink(tool.folder.path() / (to_folder ? "blobs" : "blobs/a"), folder / "a.safetensors");
    auto adopted = tool.take_only();
    ASSERT_EQ(adopted.has_value(), !to_folder);
    if (to_folder) {
      EXPECT_EQ(adopted.error().code, Code::invalid);
    } else {
      EXPECT_EQ(tool.text(adopted->model.folder / "payload/a.safetensors"), "aa");
    }
  }
}

TEST(Adopt, MetadataAsTheToolKeepsItAndFromElsewhere) {
  Tool tool;
  const std::string hash = tool.leave("old", weights());
  const fs::path json = tool.old / (hash + ".json");
  std::string kept = tool.text(json);
  kept.insert(kept.size() - 1, R"(, "filecoin_hash": ")" + hash + '"');
  tool.write(json, kept);
  auto candidates = find_candidates(tool.old);
  ASSERT_TRUE(candidates && candidates->size() == 1u);
  EXPECT_EQ(metadata_of(candidates->front()).error().code, Code::corrupt) << "not written by Python's json.dump";
  fs::remove(json);
  candidates = find_candidates(tool.old);
  ASSERT_TRUE(candidates && candidates->size() == 1u);
  EXPECT_EQ(metadata_of(candidates->front()).error().code, Code::not_found);
  auto refused = adopt(tool.store, candidates->front(), view_of("{}"), {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::corrupt);
  auto adopted = adopt(tool.store, candidates->front(), view_of(tool.metadata_for("old")), {}, {});
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_EQ(adopted->model.metadata.folder_name, "old");
}

TEST(Adopt, AWholeModelReplacesABegunDownload) {
  Tool tool;
  tool.leave("demo", weights());
  tool.write(tool.home / "partial" / tool.id_for("demo").str() / "journal", "half");
  auto adopted = tool.take_only();
  ASSERT_TRUE(adopted) << adopted.error().message;
  EXPECT_TRUE(fs::is_empty(tool.home / "partial"));
}

TEST(Adopt, WithoutTheFolderItSaysSo) {
  Tool tool;
  EXPECT_EQ(find_candidates(tool.old).error().code, Code::not_found);
}

TEST(CloneFile, CopiesBetweenFileSystems) {
  TemporaryFolder here;
  fs::path other_system = "/dev/shm";
  struct stat a {
  }, b{};
  if (::stat(other_system.c_str(), &b) != 0 || ::stat(here.path().c_str(), &a) != 0 || a.st_dev == b.st_dev) {
    other_system = here.path();  // one file system only: then the link is what is right
  }
  StoreFixture::write(here.path() / "from", std::string(3 * k_mib, 'x'));
  fs::path to = other_system / ("eai-clone-test." + std::to_string(::getpid()));
  std::uint64_t copied = 0;
  auto way = clone_file(here.path() / "from", to, [&](std::uint64_t more) { copied += more; }, {});
  ASSERT_TRUE(way) << way.error().message;
  EXPECT_EQ(*way == CloneWay::copy ? copied : 3 * k_mib, 3 * k_mib);
  EXPECT_EQ(StoreFixture::text(to), std::string(3 * k_mib, 'x'));
  EXPECT_FALSE(clone_file(here.path() / "from", to, {}, {})) << "it is there already";
  EXPECT_EQ(StoreFixture::text(to).size(), 3 * k_mib);
  fs::remove(to);
}

}  // namespace
}  // namespace eai::store
