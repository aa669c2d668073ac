#include "store/archive_copy.h"

#include <random>

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>

#include "model/archive_writer.h"
#include "store/store_testing.h"

namespace eai::store {
namespace {

using Files = std::map<std::string, std::string>;  // by the name in the archive

std::string noise(std::size_t size) {
  std::mt19937 random(7);
  std::string out(size, '\0');
  for (char& byte : out) byte = static_cast<char>(random());
  return out;
}

// As packing does it.
Bytes packed(const std::string& folder, const Files& files) {
  std::vector<model::TarFile> entries;
  for (const auto& [name, bytes] : files) entries.push_back({name, bytes.size()});
  const auto plan = *model::TarPlan::make(folder, entries);
  const auto read = [&](std::size_t file, std::uint64_t offset, std::span<std::uint8_t> into) -> Result<void> {
    const std::string& bytes = files.at(plan.files()[file].name);
    std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  };
  Bytes out = model::gzip_head();
  model::BlockPacker packer;
  model::PackedBlock block;
  model::GzipTail tail;
  for (std::uint64_t at = 0; at < plan.size(); at += model::k_pack_block) {
    EXPECT_TRUE(packer.pack(plan, at, read, block));
    out.insert(out.end(), block.bytes.begin(), block.bytes.end());
    tail.add(block);
  }
  const Bytes end = tail.finish();
  out.insert(out.end(), end.begin(), end.end());
  return out;
}

// As the Python tool does it: tarfile and gzip.
Bytes packed_elsewhere(const std::string& folder, const Files& files) {
  Bytes out(files.begin()->second.size() + 100 * k_kib);
  std::size_t used = 0;
  archive* writer = archive_write_new();
  archive_write_add_filter_gzip(writer);
  archive_write_set_format_pax_restricted(writer);
  archive_write_open_memory(writer, out.data(), out.size(), &used);
  for (const auto& [name, bytes] : files) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, (folder + "/" + name).c_str());
    archive_entry_set_size(entry, static_cast<la_int64_t>(bytes.size()));
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_write_header(writer, entry);
    archive_write_data(writer, bytes.data(), bytes.size());
    archive_entry_free(entry);
  }
  archive_write_close(writer);
  archive_write_free(writer);
  out.resize(used);
  return out;
}

struct ArchiveCopyTest : StoreFixture, ::testing::Test {
  static ipld::Cid cid_of(ByteView bytes, const ipld::Profile& profile) {
    ipld::FileTree tree(profile, {});
    for (std::size_t at = 0; at < bytes.size(); at += profile.chunk)
      tree.add(ipld::make_leaf(profile, bytes.subspan(at, std::min<std::size_t>(profile.chunk, bytes.size() - at))));
    return tree.finish().cid;
  }

  // A stored model whose metadata has these parts.
  Model put_archive(const std::string& name, const Files& files, ByteView stream, std::size_t part_size,
                    const ipld::Profile& profile = ipld::k_unixfs_v1_2025, model::Task task = model::Task::chat) {
    model::Metadata metadata;
    metadata.folder_name = name;
    metadata.task = task;
    metadata.chunk_size = 512 * k_mib;
    parts.clear();
    for (std::size_t at = 0; at < stream.size(); at += part_size) {
      const ByteView part = stream.subspan(at, std::min(part_size, stream.size() - at));
      metadata.files.push_back({cid_of(part, profile), name + ".zip.part-" + model::split_suffix(parts.size()),
                                ipld::sha256(part), part.size(), true});
      parts.emplace_back(part.begin(), part.end());
    }
    const std::string json = model::write_metadata(metadata);
    auto lock = store.lock(ipld::Cid::raw_of(view_of(json)), FileLock::Wait::no);
    EXPECT_TRUE(lock);
    const fs::path partial = *store.partial_folder(*lock);
    std::vector<StoredFile> stored;
    for (const auto& [file, bytes] : files) {
      stored.push_back({stored_name(name, task, file), bytes.size(), ipld::sha256(view_of(bytes))});
      write(partial / stored.back().name, bytes);
    }
    auto model = store.commit(*lock, view_of(json), Origin::downloaded, stored);
    EXPECT_TRUE(model) << model.error().message;
    return *std::move(model);
  }

  // Every part's leaves prove, in any order, what read() gives.
  void expect_all(ArchiveCopy& copy, const Model& model) {
    ASSERT_EQ(copy.parts(), parts.size());
    for (std::size_t part = copy.parts(); part-- > 0;) {
      EXPECT_EQ(copy.cid(part), model.metadata.files[part].cid);
      ASSERT_EQ(copy.size(part), parts[part].size());
      const ipld::LeafTable& leaves = copy.leaves(part);
      ASSERT_EQ(leaves.size(), parts[part].size());
      for (std::size_t leaf = leaves.count(); leaf-- > 0;) {
        Bytes content(leaves.range(leaf).size());
        ASSERT_TRUE(copy.read(part, leaves.range(leaf).begin, content));
        EXPECT_TRUE(leaves.proves(leaf, content)) << part << ", " << leaf;
      }
      Bytes whole(parts[part].size());
      ASSERT_TRUE(copy.read(part, 0, whole));
      EXPECT_EQ(whole, parts[part]);
      if (parts[part].size() > k_mib) {
        ASSERT_FALSE(copy.tree_blocks(part).empty());
        EXPECT_EQ(copy.tree_blocks(part).front().cid, copy.cid(part));
      }
      for (const ipld::Block& block : copy.tree_blocks(part)) EXPECT_TRUE(ipld::verify(block.cid.hash(), block.bytes));
    }
  }
  std::vector<Bytes> parts;
};

// Blocks that are stored, blocks that are deflated, and both in one stream.
TEST_F(ArchiveCopyTest, ThePartsOfAModelComeOutAgain) {
  const std::string stored = noise(3 * k_mib + 77), deflated(2 * k_mib + 5, 'x');
  for (const Files& files : {Files{{"tiny", stored}}, Files{{"tiny", deflated}},
                             Files{{"tiny", deflated + stored}, {"tiny-projector", stored.substr(0, 1000)}}}) {
    const Bytes stream = packed("tiny", files);
    for (const std::size_t part_size : {std::size_t{1} << 30, 2 * k_mib, k_mib, 700 * k_kib}) {
      const Model model = put_archive("tiny", files, stream, part_size);
      std::uint64_t last = 0;
      auto copy = ArchiveCopy::make(model,
                                    [&](std::uint64_t done, std::uint64_t total) {
                                      EXPECT_GT(done, last);
                                      EXPECT_LE(done, total);
                                      last = done;
                                    },
                                    {});
      ASSERT_TRUE(copy) << copy.error().message << ", " << stream.size() << " bytes in parts of " << part_size;
      EXPECT_GT(last, model.size());
      expect_all(*copy, model);
    }
  }
}

TEST_F(ArchiveCopyTest, EveryKnownProfileIsFound) {
  const Files files{{"tiny", noise(3 * k_mib)}};
  const Bytes stream = packed("tiny", files);
  for (const ipld::Profile& profile : ipld::known_profiles()) {
    for (const std::size_t part_size : {2 * k_mib + k_mib / 2, k_mib, 200 * k_kib}) {
      const Model model = put_archive("tiny", files, stream, part_size, profile);
      auto copy = ArchiveCopy::make(model, {}, {});
      ASSERT_TRUE(copy) << profile.name << ": " << copy.error().message;
      expect_all(*copy, model);
    }
  }
  const ipld::Profile strange{"strange", 1, ipld::Leaves::raw, 300 * k_kib, 5};
  const auto copy = ArchiveCopy::make(put_archive("tiny", files, stream, 2 * k_mib, strange), {}, {});
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().code, Code::unsupported);
}

TEST_F(ArchiveCopyTest, AnImageModelIsATree) {
  const Files files{{"model_index.json", "{}"}, {"unet/a.safetensors", noise(k_mib + 9)}, {"unet/b/c.bin", ""}};
  const Model model = put_archive("drawing", files, packed("drawing", files), 300 * k_kib, ipld::k_unixfs_v1_2025,
                                  model::Task::image_generation);
  auto copy = ArchiveCopy::make(model, {}, {});
  ASSERT_TRUE(copy) << copy.error().message;
  expect_all(*copy, model);
}

TEST_F(ArchiveCopyTest, WhatAnotherProgramPackedCannotBeMadeAgain) {
  const Files files{{"tiny", noise(3 * k_mib)}};
  const Model model = put_archive("tiny", files, packed_elsewhere("tiny", files), 2 * k_mib);
  const auto copy = ArchiveCopy::make(model, {}, {});
  ASSERT_FALSE(copy);
  EXPECT_EQ(copy.error().code, Code::unsupported);
  EXPECT_NE(copy.error().message.find("another program"), std::string::npos);
}

TEST_F(ArchiveCopyTest, SizesThatTheStreamDoesNotHaveAreNoReasonToFail) {
  const Files files{{"tiny", noise(k_mib)}};
  Bytes stream = packed("tiny", files);
  stream.push_back(0);  // longer than what comes out
  auto longer = ArchiveCopy::make(put_archive("tiny", files, stream, stream.size()), {}, {});
  ASSERT_FALSE(longer);
  EXPECT_EQ(longer.error().code, Code::unsupported);
  stream.resize(stream.size() - 100);
  auto shorter = ArchiveCopy::make(put_archive("tiny", files, stream, stream.size()), {}, {});
  ASSERT_FALSE(shorter);
  EXPECT_EQ(shorter.error().code, Code::unsupported);
}

TEST_F(ArchiveCopyTest, AFileThatChangesIsNoticed) {
  const Files files{{"tiny", noise(3 * k_mib)}};
  const Model model = put_archive("tiny", files, packed("tiny", files), 2 * k_mib);
  auto copy = ArchiveCopy::make(model, {}, {});
  ASSERT_TRUE(copy) << copy.error().message;
  write(model.folder / "model.gguf", files.at("tiny").substr(0, 5));
  Bytes some(1000);
  const auto read = copy->read(1, 10, some);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::corrupt);
  EXPECT_NE(read.error().message.find("model.gguf"), std::string::npos) << read.error().message;
  const auto again = ArchiveCopy::make(model, {}, {});
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Code::corrupt);
  // Of the old size, with another byte.
  std::string other = files.at("tiny");
  other[k_mib] ^= 1;
  write(model.folder / "model.gguf", other);
  const auto changed = ArchiveCopy::make(model, {}, {});
  ASSERT_FALSE(changed);
  EXPECT_EQ(changed.error().code, Code::unsupported);
}

TEST_F(ArchiveCopyTest, AModelThatIsReplacedStaysReadable) {
  const Files files{{"tiny", noise(k_mib)}};
  const Model model = put_archive("tiny", files, packed("tiny", files), k_mib);
  auto copy = ArchiveCopy::make(model, {}, {});
  ASSERT_TRUE(copy) << copy.error().message;
  ASSERT_TRUE(store.remove(*store.lock(model.id, FileLock::Wait::no)));
  expect_all(*copy, model);
}

TEST_F(ArchiveCopyTest, ItStopsAndRefusesOtherFormats) {
  const Files files{{"tiny", noise(k_mib)}};
  Model model = put_archive("tiny", files, packed("tiny", files), k_mib);
  std::stop_source stop;
  stop.request_stop();
  const auto stopped = ArchiveCopy::make(model, {}, stop.get_token());
  ASSERT_FALSE(stopped);
  EXPECT_EQ(stopped.error().code, Code::cancelled);
  model.metadata.format = model::Format::unixfs;
  const auto other = ArchiveCopy::make(model, {}, {});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Code::unsupported);
}

}  // namespace
}  // namespace eai::store
