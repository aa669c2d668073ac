// A damaged file is mended in a clone of it, where the file system can share blocks.
#include <fcntl.h>
#include <sys/stat.h>

#include "fetch/fetch_testing.h"
#include "fetch/files_fetch.h"
#include "ipld/unixfs.h"

namespace eai::fetch {
namespace {

using fakes::LyingGateway;

constexpr std::uint64_t k_leaf = 64 * k_kib;
const ipld::Profile k_small{"small", 1, ipld::Leaves::raw, k_leaf, 8};

ino_t number_of(const fs::path& file) {
  struct stat info {};
  EXPECT_EQ(::lstat(file.c_str(), &info), 0) << file;
  return info.st_ino;
}

// What stands in for a file system that shares blocks.
struct Shared {
  static inline std::vector<std::pair<fs::path, ino_t>> clones;
  static bool blocks(const fs::path& from, const fs::path& to) {
    if (!fs::copy_file(from, to)) return false;
    clones.emplace_back(from, number_of(to));
    return true;
  }
  static bool nothing(const fs::path&, const fs::path&) { return false; }
};

class MendTest : public FetchTest {
 protected:
  MendTest() { Shared::clones.clear(); }

  void plant_model(const std::string& name = "tiny", unsigned seed = 1) {
    model_.gguf = make_gguf(3'000'000, seed);
    fs::create_directories(blocks_ / "files");
    ipld::FileTree tree(k_small, [&](const ipld::Cid& cid, const Bytes& block) { keep(blocks_ / cid.str(), block); });
    for (std::size_t at = 0; at < model_.gguf.size(); at += k_leaf) {
      const ByteView leaf = ByteView(model_.gguf).subspan(at, std::min<std::size_t>(k_leaf, model_.gguf.size() - at));
      tree.add(ipld::make_leaf(k_small, leaf));
    }
    const ipld::Cid root = tree.finish().cid;
    keep(blocks_ / "files" / root.str(), model_.gguf);
    model_.metadata.folder_name = name;
    model_.metadata.format = model::Format::unixfs;
    model_.metadata.files = {{root, name, ipld::sha256(model_.gguf), model_.gguf.size(), true}};
    model_.json = model::write_metadata(model_.metadata);
    model_.id = ipld::Cid::raw_of(view_of(model_.json));
    keep(blocks_ / model_.id.str(), view_of(model_.json));
  }
  static void keep(const fs::path& file, ByteView bytes) { EXPECT_TRUE(write_file_atomic(file, bytes)); }

  // The model is here, and a byte of it at each of these places changed.
  fs::path damaged_file(const Sources& sources, std::vector<std::uint64_t> places) {
    const auto model = download(sources);
    EXPECT_TRUE(model) << model.error().message;
    fs::path file = *model->gguf();
    const auto fd = open_file(file, O_WRONLY);
    for (const std::uint64_t at : places) {
      const Bytes other{static_cast<std::uint8_t>(~model_.gguf[static_cast<std::size_t>(at)])};
      EXPECT_TRUE(write_at(fd->get(), at, other));
    }
    const auto changed = store_.check(model_.id, {}, {});
    EXPECT_TRUE(changed && changed->size() == 1 && changed->front().damage.size() == places.size());
    return file;
  }

  // As download() does it.
  fs::path mend(const Sources& sources, store::ShareBlocks share) {
    auto lock = store_.lock(model_.id, FileLock::Wait::no);
    EXPECT_TRUE(lock);
    const fs::path folder = *store_.partial_folder(*lock);
    EXPECT_TRUE(keep_tree_blocks(folder, store_.remains(model_.id).tree_blocks));
    peers::GatewayClient client(*peers::make_sources(sources, options_), options_, 1);
    Reporter reporter(client.book(), [this](const Progress& now) { progress_.push_back(now); });
    const Fetching fetching{model_.id, store_, folder, model_.metadata, client, reporter, {}, share};
    const auto trees = fetch_trees(fetching);
    EXPECT_TRUE(trees && *trees);
    const auto files = FilesFetch(fetching, &**trees).finish();
    EXPECT_TRUE(files) << files.error().message;
    reporter.phase(Progress::Phase::syncing);
    return folder / "model.gguf";
  }
};

TEST_F(MendTest, OnlyTheDamagedLeavesOfACloneAreWritten) {
  plant_model();
  LyingGateway first(lies("honest")), gateway(lies("honest"));
  const fs::path damaged = damaged_file({{}, {first.url()}}, {500, 20 * k_leaf, model_.gguf.size() - 1});
  const Bytes before = *read_file(damaged, 10 * k_mib);
  const fs::path mended = mend({{}, {gateway.url()}}, Shared::blocks);
  ASSERT_EQ(Shared::clones.size(), 1U);
  EXPECT_EQ(Shared::clones.front().first, damaged);
  EXPECT_EQ(Shared::clones.front().second, number_of(mended)) << "it is the clone";
  EXPECT_EQ(*read_file(mended, 10 * k_mib), model_.gguf);
  EXPECT_EQ(*read_file(damaged, 10 * k_mib), before) << "it may be in use";
  EXPECT_LE(bytes_sent(gateway), 3 * k_leaf + 4096);
  EXPECT_GE(progress_.back().from_this_disk, model_.gguf.size() - 3 * k_leaf);
}

TEST_F(MendTest, WithoutSharedBlocksTheGoodLeavesAreCopied) {
  plant_model();
  LyingGateway first(lies("honest")), gateway(lies("honest"));
  const fs::path damaged = damaged_file({{}, {first.url()}}, {500, 20 * k_leaf, model_.gguf.size() - 1});
  const fs::path mended = mend({{}, {gateway.url()}}, Shared::nothing);
  EXPECT_EQ(*read_file(mended, 10 * k_mib), model_.gguf);
  EXPECT_LE(bytes_sent(gateway), 3 * k_leaf + 4096);
}

// Where copies of a leaf may lie is known once the file's beginning is, which nobody has to send here.
TEST_F(MendTest, ItEndsAlsoBesideOtherModels) {
  plant_model("other", 2);
  LyingGateway first(lies("honest")), gateway(lies("honest"));
  ASSERT_TRUE(download({{}, {first.url()}}));
  plant_model();
  const fs::path damaged = damaged_file({{}, {first.url()}}, {20 * k_leaf});
  const fs::path mended = mend({{}, {gateway.url()}}, Shared::blocks);
  EXPECT_EQ(*read_file(mended, 10 * k_mib), model_.gguf);
  EXPECT_LE(bytes_sent(gateway), k_leaf + 4096);
}

// A file of another size is no clone to begin with.
TEST_F(MendTest, ACutFileIsNotCloned) {
  plant_model();
  LyingGateway first(lies("honest")), gateway(lies("honest"));
  const fs::path damaged = damaged_file({{}, {first.url()}}, {500, 20 * k_leaf, model_.gguf.size() - 1});
  fs::resize_file(damaged, 100'000);
  const fs::path mended = mend({{}, {gateway.url()}}, Shared::blocks);
  EXPECT_TRUE(Shared::clones.empty());
  EXPECT_EQ(*read_file(mended, 10 * k_mib), model_.gguf);
}

}  // namespace
}  // namespace eai::fetch
