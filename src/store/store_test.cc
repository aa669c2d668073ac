#include "store/store.h"

#include <array>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ipld/hash.h"
#include "store/store_testing.h"

namespace eai::store {
namespace {

TEST(Store, CommitMakesAModelAndLeavesNoPartialFolder) {
  StoreFixture here;
  auto id = here.put("demo", {{"model.gguf", "weights"}, {"projector.gguf", "eyes"}});
  auto model = here.store.find(id);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(model->metadata.folder_name, "demo");
  EXPECT_EQ(model->size(), 11u);
  EXPECT_EQ(here.text(*model->gguf()), "weights");
  EXPECT_EQ(here.text(*model->projector()), "eyes");
  EXPECT_LT(std::chrono::system_clock::now() - model->created, std::chrono::hours(1));
  EXPECT_FALSE(fs::exists(here.home / "partial" / id.str()));
  EXPECT_TRUE(fs::is_empty(here.home / "trash"));
}

TEST(Store, ListGivesModelsDamagedAndUnfinished) {
  StoreFixture here;
  here.put("zebra", {{"model.gguf", "z"}});
  here.put("ant", {{"model.gguf", "a"}});
  auto hurt = here.put("hurt", {{"model.gguf", "whole"}});
  here.write(here.home / "models" / hurt.str() / "model.gguf", "cut");
  fs::create_directory(here.home / "models/not-a-cid");
  auto begun = here.id_for("begun");
  auto lock = here.store.lock(begun, FileLock::Wait::no);
  ASSERT_TRUE(lock);
  here.write(*here.store.partial_folder(*lock) / "part", "12345");

  auto contents = here.store.list();
  ASSERT_TRUE(contents) << contents.error().message;
  ASSERT_EQ(contents->models.size(), 2u);
  EXPECT_EQ(contents->models[0].metadata.folder_name, "ant");
  ASSERT_EQ(contents->damaged.size(), 2u);
  ASSERT_EQ(contents->unfinished.size(), 1u);
  EXPECT_EQ(contents->unfinished[0].id, begun);
  EXPECT_EQ(contents->unfinished[0].bytes, 5u);
  EXPECT_TRUE(contents->unfinished[0].busy);
}

TEST(Store, WhatIsNotThereAndWhatIsDamagedDiffer) {
  StoreFixture here;
  EXPECT_EQ(here.store.find(here.id_for("none")).error().code, Code::not_found);
  auto id = here.put("demo", {{"model.gguf", "weights"}});
  fs::path folder = here.home / "models" / id.str();
  here.write(folder / "metadata.json", here.metadata_for("other"));
  EXPECT_EQ(here.store.find(id).error().code, Code::corrupt);
  here.write(folder / "metadata.json", here.metadata_for("demo"));
  EXPECT_TRUE(here.store.find(id));
  fs::remove(folder / "model.gguf");
  EXPECT_EQ(here.store.find(id).error().code, Code::corrupt);
  fs::create_symlink("/etc/hostname", folder / "model.gguf");
  EXPECT_EQ(here.store.find(id).error().code, Code::corrupt);
}

TEST(Store, CommitRefusesWhatDoesNotFit) {
  StoreFixture here;
  auto lock = here.store.lock(here.id_for("demo"), FileLock::Wait::no);
  ASSERT_TRUE(lock);
  fs::path partial = *here.store.partial_folder(*lock);
  here.write(partial / "model.gguf", "weights");
  std::string metadata = here.metadata_for("demo");
  auto commit = [&](const std::string& json, std::vector<StoredFile> files) {
    auto outcome = here.store.commit(*lock, view_of(json), Origin::downloaded, files);
    return outcome ? std::optional<Code>() : outcome.error().code;
  };
  StoredFile right{"model.gguf", 7, ipld::sha256(view_of("weights"))};
  EXPECT_EQ(commit(here.metadata_for("other"), {right}), Code::corrupt);
  EXPECT_EQ(commit(metadata, {}), Code::invalid);
  EXPECT_EQ(commit(metadata, {{"../escape", 7, {}}}), Code::invalid);
  EXPECT_EQ(commit(metadata, {{"model.gguf", 8, {}}}), Code::corrupt);
  EXPECT_EQ(commit(metadata, {right, {"projector.gguf", 1, {}}}), Code::io);
  EXPECT_FALSE(fs::exists(here.home / "models"));
  EXPECT_EQ(commit(metadata, {right}), std::nullopt);
}

TEST(Store, AHalfCommitIsRolledBack) {
  StoreFixture here;
  auto id = here.id_for("demo");
  auto lock = here.store.lock(id, FileLock::Wait::no);
  ASSERT_TRUE(lock);
  fs::path partial = *here.store.partial_folder(*lock);
  // As a kill leaves it: one file already staged, one not, the journal untouched.
  fs::create_directories(partial / "commit/payload/vae");
  here.write(partial / "commit/metadata.json", here.metadata_for("demo"));
  here.write(partial / "commit/manifest.json", "{");
  here.write(partial / "commit/payload/vae/a", "staged");
  here.write(partial / "payload/b", "not yet");
  here.write(partial / "journal", "j");
  ASSERT_TRUE(here.store.partial_folder(*lock));
  EXPECT_EQ(here.text(partial / "payload/vae/a"), "staged");
  EXPECT_EQ(here.text(partial / "payload/b"), "not yet");
  EXPECT_EQ(here.text(partial / "journal"), "j");
  EXPECT_FALSE(fs::exists(partial / "commit"));
  EXPECT_FALSE(fs::exists(partial / "manifest.json"));
}

TEST(Store, ACommitThatFailsLeavesThePartialFolderAsItWas) {
  StoreFixture here;
  auto id = here.id_for("demo");
  auto lock = here.store.lock(id, FileLock::Wait::no);
  ASSERT_TRUE(lock);
  fs::path partial = *here.store.partial_folder(*lock);
  here.write(partial / "model.gguf", "weights");
  here.write(here.home / "models" / id.str(), "a file where the folder should come");
  here.write(here.home / "trash", "so that it cannot be moved away");
  std::vector<StoredFile> files = {{"model.gguf", 7, ipld::sha256(view_of("weights"))}};
  auto outcome = here.store.commit(*lock, view_of(here.metadata_for("demo")), Origin::downloaded, files);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(here.text(partial / "model.gguf"), "weights");
  EXPECT_FALSE(fs::exists(partial / "commit"));
}

TEST(Store, CommitReplacesADamagedModel) {
  StoreFixture here;
  auto id = here.put("demo", {{"model.gguf", "weights"}});
  fs::remove(here.home / "models" / id.str() / "model.gguf");
  ASSERT_FALSE(here.store.find(id));
  here.put("demo", {{"model.gguf", "weights"}});
  EXPECT_TRUE(here.store.find(id));
}

TEST(Store, SweepingTakesTrashAndWhatACommittedDownloadLeft) {
  StoreFixture here;
  auto id = here.put("demo", {{"model.gguf", "weights"}});
  here.write(here.home / "trash/x.1.0/model.gguf", "gone");
  here.write(here.home / "partial" / id.str() / "journal", "done");
  auto other = here.id_for("other");
  here.write(here.home / "partial" / other.str() / "journal", "not done");
  EXPECT_EQ(here.store.list()->unfinished.size(), 1u) << "what lies beside a whole model is no unfinished download";
  EXPECT_TRUE(fs::exists(here.home / "partial" / id.str())) << "listing sweeps nothing";
  here.store.sweep();
  EXPECT_TRUE(fs::is_empty(here.home / "trash"));
  EXPECT_FALSE(fs::exists(here.home / "partial" / id.str()));
  EXPECT_TRUE(fs::exists(here.home / "partial" / other.str() / "journal"));
}

TEST(Store, SweepingTakesTheLocksOfWhatIsNotHere) {
  StoreFixture here;
  const auto id = here.put("demo", {{"model.gguf", "weights"}});
  ASSERT_TRUE(here.store.lock(here.id_for("sought in vain"), FileLock::Wait::no));
  const auto held = here.store.lock(here.id_for("sought now"), FileLock::Wait::no);
  ASSERT_TRUE(held);
  here.store.sweep();
  EXPECT_FALSE(fs::exists(here.home / "locks" / (here.id_for("sought in vain").str() + ".lock")));
  EXPECT_EQ(here.store.lock(held->id(), FileLock::Wait::no).error().code, Code::busy);
  EXPECT_TRUE(fs::exists(here.home / "locks" / (id.str() + ".lock")));
}

TEST(Store, LookingWritesNothing) {
  StoreFixture here;
  EXPECT_FALSE(fs::exists(here.home)) << "opening a home does not make it";
  ASSERT_TRUE(here.store.list());
  EXPECT_TRUE(here.store.list()->models.empty());
  EXPECT_EQ(here.store.find(here.id_for("demo")).error().code, Code::not_found);
  EXPECT_EQ(here.store.check(here.id_for("demo"), {}, {}).error().code, Code::not_found);
  EXPECT_FALSE(fs::exists(here.home));

  const auto id = here.put("demo", {{"model.gguf", "weights"}});
  EXPECT_TRUE(here.store.check(id, {}, {}).value().empty());  // the first one keeps the leaf hashes
  here.write(here.home / "trash/x.1.0/model.gguf", "gone");
  here.write(here.home / "partial" / here.id_for("begun").str() / "parts/0", "123");
  fs::remove_all(here.home / "locks");
  const auto before = here.tree();
  ASSERT_TRUE(Store::open(here.home)->find(id));
  EXPECT_EQ(here.store.list()->unfinished.at(0).bytes, 3u);
  EXPECT_TRUE(here.store.check(id, {}, {}).value().empty());
  EXPECT_EQ(here.tree(), before);
}

TEST(Store, AHomeThatIsAFileIsRefused) {
  StoreFixture here;
  here.write(here.home, "not a folder");
  EXPECT_EQ(Store::open(here.home).error().code, Code::invalid);
}

TEST(Store, RemoveLeavesNothingOfTheModelAndAllOfTheOthers) {
  StoreFixture here;
  const HomePaths paths{here.home};
  const auto id = here.put("demo", {{"payload/text_encoder/a.safetensors", "x"}});
  const auto other = here.put("other", {{"model.gguf", "y"}});
  for (const auto& one : {id, other}) {
    for (const fs::path& list : paths.block_lists_of(one)) here.write(list, "32 bytes");
    here.write(paths.partial(one) / "journal", "a download that puts it right");
  }
  auto lock = here.store.lock(id, FileLock::Wait::no);
  ASSERT_TRUE(lock);
  ASSERT_TRUE(here.store.remove(*std::move(lock)));
  std::size_t others = 0;
  for (const auto& [path, state] : here.tree()) {
    EXPECT_EQ(path.find(id.str()), std::string::npos) << path;
    others += path.find(other.str()) != std::string::npos ? 1 : 0;
  }
  EXPECT_EQ(others, 1u + 4u + 3u + 2u) << "lock; folder, documents and weights; block lists; download";
}

TEST(Store, WhatIsRemovedGoesTogetherOrCanBeRemovedAgain) {
  StoreFixture here;
  const HomePaths paths{here.home};
  const auto id = here.put("demo", {{"model.gguf", "weights"}});
  here.write(paths.block_list(id), "32 bytes");
  fs::remove_all(paths.trash());
  here.write(paths.trash(), "so that nothing can be moved away");
  EXPECT_FALSE(here.store.remove(*here.store.lock(id, FileLock::Wait::no)));
  EXPECT_TRUE(here.store.find(id));
  fs::remove(paths.trash());
  EXPECT_TRUE(here.store.remove(*here.store.lock(id, FileLock::Wait::no)));
  EXPECT_FALSE(fs::exists(paths.model(id)));
}

TEST(Store, RemoveTakesModelAndDownload) {
  StoreFixture here;
  auto id = here.put("demo", {{"payload/text_encoder/a.safetensors", "x"}});
  auto lock = [&] { return *here.store.lock(id, FileLock::Wait::no); };
  ASSERT_TRUE(here.store.remove(lock()));
  EXPECT_EQ(here.store.find(id).error().code, Code::not_found);
  EXPECT_EQ(here.store.remove(lock()).error().code, Code::not_found);
  here.write(*here.store.partial_folder(lock()) / "part", "x");
  EXPECT_TRUE(here.store.remove(lock()));
  EXPECT_TRUE(here.store.list()->unfinished.empty());
}

TEST(Store, CheckNamesTheChangedFileAndCountsBytes) {
  StoreFixture here;
  auto id = here.put("demo", {{"model.gguf", "weights"}, {"projector.gguf", "eyes"}});
  auto model = here.store.find(id);
  ASSERT_TRUE(model);
  std::uint64_t seen = 0;
  auto count = [&](std::uint64_t done, std::uint64_t total) {
    seen = done;
    EXPECT_EQ(total, 11u);
  };
  ASSERT_TRUE(here.store.check(id, count, {}));
  EXPECT_EQ(seen, 11u);
  here.write(model->folder / "projector.gguf", "eyeS");
  const auto changed = here.store.check(id, {}, {});
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->size(), 1u);
  EXPECT_EQ(changed->front().name, "projector.gguf");
  EXPECT_EQ(changed->front().leaves, 1u) << "the check before has kept what the leaves hash to";
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(here.store.check(id, {}, stop.get_token()).error().code, Code::cancelled);
}

// An archive names no leaves, so this machine makes its own.
TEST(Store, TheFirstCheckOfAnArchiveLetsTheNextOneSayWhere) {
  StoreFixture here;
  std::string weights(3 * k_mib + 5, 'w');
  const auto id = here.put("demo", {{"model.gguf", weights}, {"projector.gguf", ""}});
  EXPECT_FALSE(here.store.find(id)->leaves);
  EXPECT_TRUE(here.store.check(id, {}, {}).value().empty());
  const auto model = here.store.find(id);
  ASSERT_TRUE(model->leaves);
  EXPECT_EQ(model->leaves->size, 4u * 32);
  EXPECT_TRUE(here.store.seems_whole(*model, 64).value());

  for (const std::size_t at : {2 * k_mib + 1, 3 * k_mib + 4}) weights[at] = 'x';
  here.write(model->folder / "model.gguf", weights);
  const auto changed = here.store.check(id, {}, {});
  ASSERT_TRUE(changed);
  ASSERT_EQ(changed->size(), 1u);
  EXPECT_EQ(changed->front().leaves, 4u);
  EXPECT_EQ(changed->front().damage, (std::vector<ByteRange>{{2 * k_mib, 3 * k_mib}, {3 * k_mib, 3 * k_mib + 5}}));
  // The time of the change is put back, so that only the bytes tell.
  fs::last_write_time(model->folder / "model.gguf", fs::last_write_time(model->folder / "metadata.json"));
  EXPECT_FALSE(here.store.seems_whole(*model, 64).value());
}

// What proves nothing any more is made again, and damage is found without it.
TEST(Store, LeafHashesThatChangedAreMadeAgain) {
  StoreFixture here;
  const std::string weights(k_mib + 5, 'w');
  const auto id = here.put("demo", {{"model.gguf", weights}});
  ASSERT_TRUE(here.store.check(id, {}, {}).value().empty());
  const fs::path leaves = here.store.find(id)->folder / "trees/leaves";
  const std::string good = here.text(leaves);
  for (const std::string& bad : {std::string(), good.substr(0, 32), std::string(64, 'x')}) {
    here.write(leaves, bad);
    EXPECT_TRUE(here.store.check(id, {}, {}).value().empty());
    EXPECT_EQ(here.text(leaves), good);
  }
  here.write(leaves, "bad");
  here.write(here.store.find(id)->folder / "model.gguf", "W" + weights.substr(1));
  EXPECT_EQ(here.store.check(id, {}, {}).value().size(), 1u);
  EXPECT_EQ(here.text(leaves), "bad") << "nothing is kept of what is damaged";
}

TEST(Store, LeavesOfOtherFilesAreNotKept) {
  StoreFixture here;
  const auto id = here.put("demo", {{"model.gguf", "weights"}});
  const auto model = *here.store.find(id);
  const auto lock = here.store.lock(id, FileLock::Wait::no);
  for (const FileLeaves& leaves : {FileLeaves{}, FileLeaves{{}}, FileLeaves{{{}, {}}}, FileLeaves{{{}}, {{}}}})
    EXPECT_EQ(here.store.keep_leaves(*lock, model, leaves).error().code, Code::invalid);
  EXPECT_FALSE(here.store.find(id)->leaves);
}

TEST(Store, WhatACheckFoundIsRememberedUntilItIsPutRight) {
  StoreFixture here;
  auto id = here.put("demo", {{"model.gguf", "weights"}, {"projector.gguf", "eyes"}});
  fs::path model = here.home / "models" / id.str() / "model.gguf";
  here.write(model, "weightS");
  EXPECT_TRUE(here.store.find(id)) << "the size fits: only a check can tell";
  EXPECT_EQ(here.store.check(id, {}, {}).value().size(), 1u);
  auto found = here.store.find(id);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Code::corrupt);
  EXPECT_NE(found.error().message.find("model.gguf changed"), std::string::npos) << found.error().message;
  EXPECT_EQ(here.store.list()->damaged.size(), 1u);
  EXPECT_EQ(here.text(model), "weightS") << "what is damaged stays until it is replaced";

  // A download that puts it right and was interrupted is not swept away.
  here.write(here.home / "partial" / id.str() / "parts" / "0", "some");
  here.store.sweep();
  EXPECT_TRUE(fs::exists(here.home / "partial" / id.str() / "parts" / "0"));

  here.write(model, "weights");
  EXPECT_TRUE(here.store.check(id, {}, {}).value().empty());
  EXPECT_TRUE(here.store.find(id));
  here.write(model, "weightS");
  EXPECT_EQ(here.store.check(id, {}, {}).value().size(), 1u);
  here.put("demo", {{"model.gguf", "weights"}, {"projector.gguf", "eyes"}});
  EXPECT_TRUE(here.store.find(id));
}

TEST(Store, ACheckThatCannotBeNotedIsStillTold) {
  StoreFixture here;
  auto id = here.put("demo", {{"model.gguf", "weights"}});
  here.write(here.home / "models" / id.str() / "model.gguf", "weightS");
  auto held = here.store.lock(id, FileLock::Wait::no);
  ASSERT_TRUE(held);
  EXPECT_EQ(here.store.check(id, {}, {}).value().size(), 1u);
  EXPECT_TRUE(here.store.find(id));
}

// A second process holds the lock: this one is told, waits, and goes on when that one dies.
TEST(Store, TwoProcessesWorkOnOneModelInTurn) {
  StoreFixture here;
  auto id = here.id_for("demo");
  std::array<int, 2> locked{}, end{};
  ASSERT_EQ(::pipe2(locked.data(), O_CLOEXEC), 0);
  ASSERT_EQ(::pipe2(end.data(), O_CLOEXEC), 0);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  char byte = 0;
  if (child == 0) {
    ::close(end[1]);
    auto lock = here.store.lock(id, FileLock::Wait::no);
    if (!lock || ::write(locked[1], "x", 1) != 1) ::_exit(1);
    while (::read(end[0], &byte, 1) > 0) {
    }
    ::_exit(0);  // without giving the lock back
  }
  ASSERT_EQ(::read(locked[0], &byte, 1), 1);
  EXPECT_EQ(here.store.lock(id, FileLock::Wait::no).error().code, Code::busy);
  EXPECT_TRUE(here.store.lock(here.id_for("other"), FileLock::Wait::no));
  ::close(end[1]);
  EXPECT_TRUE(here.store.lock(id, FileLock::Wait::yes));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace eai::store
