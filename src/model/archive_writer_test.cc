#include "model/archive_writer.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

#include "model/metadata.h"
#include "model/unpack.h"

namespace eai::model {
namespace {

Bytes noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  Bytes out(size);
  for (auto& byte : out) byte = static_cast<std::uint8_t>(random());
  return out;
}
// One byte of two is nearly always the same, as in weights of 16 bits.
Bytes half_noise(std::size_t size) {
  Bytes out = noise(size, 3);
  for (std::size_t i = 1; i < size; i += 2) out[i] = out[i] % 8;
  return out;
}

Result<Bytes> stream_of(const TarPlan& plan, const std::vector<Bytes>& contents, std::size_t step) {
  Bytes out(static_cast<std::size_t>(plan.size()));
  auto read = [&](std::size_t index, std::uint64_t offset, std::span<std::uint8_t> into) -> Result<void> {
    const Bytes& from = contents[index];
    if (offset + into.size() > from.size()) return fail(Code::io, "asked behind the end");
    std::copy_n(from.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return {};
  };
  for (std::size_t at = 0; at < out.size(); at += step) {
    EAI_CHECK(plan.fill(at, std::span(out).subspan(at, std::min(step, out.size() - at)), read));
  }
  return out;
}

struct Pack {
  Bytes gzip;
  std::size_t stored = 0, deflated = 0;
};
Pack pack(ByteView tar) {
  BlockPacker packer;
  PackedBlock block;
  GzipTail tail;
  Pack out{gzip_head()};
  while (!tar.empty()) {
    const std::size_t size = std::min(tar.size(), k_pack_block);
    packer.pack(tar.first(size), block);
    ++(block.stored ? out.stored : out.deflated);
    tail.add(block);
    out.gzip.insert(out.gzip.end(), block.bytes.begin(), block.bytes.end());
    tar = tar.subspan(size);
  }
  const Bytes end = tail.finish();
  out.gzip.insert(out.gzip.end(), end.begin(), end.end());
  return out;
}

struct Sink final : UnpackSink {
  std::map<std::string, Bytes> files;
  Bytes* open = nullptr;
  Result<void> begin_file(const std::string& name, std::uint64_t) override {
    open = &files[name];
    return {};
  }
  Result<void> data(ByteView bytes) override {
    open->insert(open->end(), bytes.begin(), bytes.end());
    return {};
  }
  Result<void> end_file() override { return {}; }
  Result<void> resume_file(const std::string&, std::uint64_t, std::uint64_t) override {
    return fail(Code::invalid, "not resumed here");
  }
};

TEST(ArchiveWriter, UnpacksToWhatWentIn) {
  const std::vector<Bytes> contents{half_noise(3 * k_mib + 7), noise(k_mib + 511, 1)};
  auto plan = TarPlan::make("m", {{"m-projector", contents[1].size()}, {"m", contents[0].size()}});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->files()[0].name, "m");
  const Bytes tar = stream_of(*plan, contents, 100'000).value();
  EXPECT_EQ(tar, stream_of(*plan, contents, 333).value());
  const Pack packed = pack(tar);
  EXPECT_EQ(packed.deflated, 4U);  // the last one is mostly padding
  EXPECT_EQ(packed.stored, 1U);

  Sink sink;
  Unpacker unpacker({"m", Task::chat, 8 * k_mib}, sink);
  auto fed = unpacker.feed(packed.gzip);
  ASSERT_TRUE(fed.has_value()) << fed.error().message;
  auto finished = unpacker.finish();
  ASSERT_TRUE(finished.has_value()) << finished.error().message;
  EXPECT_EQ(sink.files.at("m"), contents[0]);
  EXPECT_EQ(sink.files.at("m-projector"), contents[1]);
}

TEST(ArchiveWriter, SizesOverEightGibibytesAndFoldersInside) {
  auto plan = TarPlan::make("f", {{"a/b", 9 * k_gib}, {"c", 1}});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->size(), 4 * 512 + 9 * k_gib + 512 + 1024);
  Bytes head(3 * 512);
  auto read = [](std::size_t, std::uint64_t, std::span<std::uint8_t>) -> Result<void> { return {}; };
  ASSERT_TRUE(plan->fill(0, head, read).has_value());
  EXPECT_EQ(std::string(head.begin(), head.begin() + 2), "f/");
  EXPECT_EQ(std::string(head.begin() + 512, head.begin() + 516), "f/a/");
  EXPECT_EQ(head[1024 + 124], 0x80);
  EXPECT_EQ(head[1024 + 124 + 7], 2);  // 9 GiB = 0x2'4000'0000
  EXPECT_EQ(head[1024 + 124 + 8], 0x40);
}

TEST(ArchiveWriter, NamesThatDoNotFit) {
  const std::string deep = std::string(90, 'p') + "/" + std::string(90, 'n');
  EXPECT_TRUE(TarPlan::make("f", {{deep, 1}}).has_value());
  EXPECT_EQ(TarPlan::make("f", {{std::string(101, 'n'), 1}}).error().code, Code::invalid);
}

TEST(ArchiveWriter, MetadataReadsBack) {
  Metadata metadata;
  metadata.folder_name = "näme-1.5b";
  metadata.chunk_size = 512 * k_mib;
  metadata.ram_gb = 1.16;
  metadata.hf_repo = "Qwen/Qwen3";
  metadata.task = Task::embed;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string name = "näme-1.5b.zip.part-" + split_suffix(i);
    metadata.files.push_back(
        {ipld::Cid::raw_of(view_of(name)), name, ipld::sha256(view_of(name)), i == 0 ? 512 * k_mib : 12'345'678, true});
  }
  const std::string text = write_metadata(metadata);
  auto back = parse_metadata(view_of(text));
  ASSERT_TRUE(back.has_value()) << back.error().message << text;
  EXPECT_EQ(write_metadata(*back), text);
  EXPECT_EQ(back->files[1].size, 12'345'678U);
  EXPECT_TRUE(back->files[1].size_is_exact);
  EXPECT_EQ(back->ram_gb, 1.16);
  EXPECT_EQ(text.find("{\n  \"folder_name\""), 0U);

  metadata.format = Format::unixfs;
  metadata.layout = Layout::tensor;
  metadata.files.pop_back();
  metadata.files[0].file_name = metadata.folder_name;
  const std::string unixfs = write_metadata(metadata);
  back = parse_metadata(view_of(unixfs));
  ASSERT_TRUE(back.has_value()) << back.error().message << unixfs;
  EXPECT_EQ(write_metadata(*back), unixfs);
}

TEST(ArchiveWriter, EverySizeThatIsWrittenReadsBackAsExact) {
  std::mt19937_64 random(5);
  Metadata metadata;
  metadata.folder_name = "sizes";
  for (std::size_t i = 0; i < 1000; ++i) {
    const std::string name = "sizes.zip.part-" + split_suffix(i);
    const std::uint64_t size = 1 + random() % (2 * k_gib >> i % 31);
    metadata.files.push_back({ipld::Cid::raw_of(view_of(name)), name, ipld::sha256(view_of(name)), size, true});
  }
  metadata.files.front().size = 3'147'172;
  const auto back = parse_metadata(view_of(write_metadata(metadata)));
  ASSERT_TRUE(back) << back.error().message;
  for (std::size_t i = 0; i < metadata.files.size(); ++i) {
    EXPECT_EQ(back->files[i].size, metadata.files[i].size);
    EXPECT_TRUE(back->files[i].size_is_exact) << back->files[i].size;
  }
}

TEST(ArchiveWriter, PartNamesAsSplitGivesThem) {
  const std::pair<std::size_t, const char*> expected[] = {{0, "aa"},     {25, "az"},      {26, "ba"},       {649, "yz"},
                                                          {650, "zaaa"}, {17549, "zyzz"}, {17550, "zzaaaa"}};
  for (const auto& [index, name] : expected) EXPECT_EQ(split_suffix(index), name);
}

}  // namespace
}  // namespace eai::model
