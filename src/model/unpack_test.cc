#include "model/unpack.h"

#include <map>
#include <random>

#include <archive.h>
#include <archive_entry.h>
#include <gtest/gtest.h>
#include <isa-l.h>

#include "util/text.h"

namespace eai::model {
namespace {

// A sink that keeps everything, and breaks the test when it is used out of order.
class MemorySink : public UnpackSink {
 public:
  std::map<std::string, std::string> files;
  std::string open;
  std::uint64_t promised = 0;
  std::optional<Error> fails;

  Result<void> begin_file(const std::string& name, std::uint64_t size) override {
    EXPECT_EQ(open, "");
    EXPECT_FALSE(files.contains(name));
    if (fails) return Failure(*fails);
    open = name;
    promised = size;
    files[name];
    return {};
  }
  Result<void> data(ByteView bytes) override {
    EXPECT_NE(open, "");
    EXPECT_FALSE(bytes.empty());
    files[open] += text_of(bytes);
    return {};
  }
  Result<void> end_file() override {
    EXPECT_EQ(files[open].size(), promised);
    open.clear();
    return {};
  }
  Result<void> resume_file(const std::string& name, std::uint64_t size, std::uint64_t offset) override {
    EXPECT_TRUE(files.contains(name));
    EXPECT_LE(offset, files[name].size());
    open = name;
    promised = size;
    files[name].resize(offset);
    return {};
  }
};

std::string noise(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random() >> 24);
  return out;
}

// Half noise, half runs: every kind of deflate block, and matches that reach back over every cut.
std::string mixed(std::size_t size, unsigned seed) {
  std::string out;
  std::mt19937 random(seed);
  while (out.size() < size) {
    if (random() % 2 == 0 || out.size() < 40'000) {
      out += noise(random() % 3000, seed++);
    } else {
      out += out.substr(out.size() - 1 - random() % 32'000, random() % 2000);
    }
  }
  out.resize(size);
  return out;
}

struct Item {
  std::string path;
  std::string content;
  mode_t kind = AE_IFREG;
  std::string link = {};
};

// A tar as the system's tar writes it.
std::string tar_of(const std::vector<Item>& items, int format = ARCHIVE_FORMAT_TAR_GNUTAR) {
  std::string out(64 * k_mib, '\0');
  std::size_t used = 0;
  archive* a = archive_write_new();
  archive_write_set_format(a, format);
  archive_write_open_memory(a, out.data(), out.size(), &used);
  for (const Item& item : items) {
    archive_entry* entry = archive_entry_new();
    archive_entry_set_pathname(entry, item.path.c_str());
    archive_entry_set_filetype(entry, item.kind);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_size(entry, static_cast<la_int64_t>(item.content.size()));
    if (item.kind == AE_IFLNK) archive_entry_set_symlink(entry, item.link.c_str());
    if (item.kind == AE_IFREG && !item.link.empty()) archive_entry_set_hardlink(entry, item.link.c_str());
    EXPECT_GE(archive_write_header(a, entry), ARCHIVE_WARN) << archive_error_string(a);
    archive_write_data(a, item.content.data(), item.content.size());
    archive_entry_free(entry);
  }
  archive_write_close(a);
  archive_write_free(a);
  out.resize(used);
  return out;
}

struct GzipOptions {
  std::string name;
  bool header_crc = false;
};

std::string gzip_of(std::string_view plain, const GzipOptions& options = {}) {
  std::string out(plain.size() + plain.size() / 8 + 4096, '\0');
  Bytes level_buffer(ISAL_DEF_LVL1_DEFAULT);
  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = level_buffer.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer.size());
  stream.gzip_flag = IGZIP_GZIP_NO_HDR;
  stream.end_of_stream = 1;
  stream.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  stream.avail_out = static_cast<std::uint32_t>(out.size());
  isal_gzip_header header;
  isal_gzip_header_init(&header);
  std::string name = options.name;
  std::string extra = name;
  if (!name.empty()) {
    header.name = name.data();
    header.name_buf_len = static_cast<std::uint32_t>(name.size() + 1);
    header.extra = reinterpret_cast<std::uint8_t*>(extra.data());
    header.extra_len = header.extra_buf_len = static_cast<std::uint32_t>(extra.size());
  }
  header.hcrc = options.header_crc ? 1 : 0;
  EXPECT_EQ(isal_write_gzip_header(&stream, &header), 0U);
  stream.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(plain.data()));
  stream.avail_in = static_cast<std::uint32_t>(plain.size());
  EXPECT_EQ(isal_deflate(&stream), COMP_OK);
  out.resize(out.size() - stream.avail_out);
  return out;
}

UnpackRules chat_rules() { return {"qwen3", Task::chat, 64 * k_mib}; }
UnpackRules image_rules() { return {"flux", Task::image_generation, 64 * k_mib}; }

Result<std::map<std::string, std::string>> unpack(std::string_view gz, const UnpackRules& rules = chat_rules(),
                                                  std::size_t step = 1'000'000'000) {
  MemorySink sink;
  Unpacker unpacker(rules, sink);
  while (!gz.empty()) {
    const std::string_view piece = gz.substr(0, step);
    gz.remove_prefix(piece.size());
    EAI_CHECK(unpacker.feed(view_of(piece)));
  }
  EAI_CHECK(unpacker.finish());
  return sink.files;
}

Result<std::map<std::string, std::string>> unpack_items(const std::vector<Item>& items,
                                                        const UnpackRules& rules = chat_rules()) {
  return unpack(gzip_of(tar_of(items)), rules);
}

void expect_refused(const Result<std::map<std::string, std::string>>& result, Code code, std::string_view why) {
  ASSERT_FALSE(result) << "was unpacked; wanted: " << why;
  EXPECT_EQ(result.error().code, code) << result.error().message;
  EXPECT_NE(result.error().message.find(why), std::string::npos) << result.error().message;
}

TEST(Unpack, finds_the_model_wherever_the_uploader_typed_it) {
  const std::map<std::string, std::string> expected = {{"qwen3", "weights"}, {"qwen3-projector", "eyes"}};
  for (std::string base : {"qwen3", "./qwen3", "models/qwen3", "./models/qwen3", "home/u/qwen3", "qwen3/qwen3",
                           "home/qwen3/models/qwen3", "caf\xc3\xa9's/qwen3"}) {
    const std::vector<Item> files = {{base + "/qwen3", "weights"}, {base + "/qwen3-projector", "eyes"}};
    EXPECT_EQ(unpack_items(files).value(), expected) << base;
    std::vector<Item> with_folder = files;
    with_folder.insert(with_folder.begin(), {base + "/", "", AE_IFDIR});
    for (int format : {ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE}) {
      EXPECT_EQ(unpack(gzip_of(tar_of(with_folder, format))).value(), expected) << base << format;
    }
  }
}

TEST(Unpack, keeps_the_tree_of_an_image_model) {
  const std::map<std::string, std::string> expected = {
      {"flux", "unet"}, {"vae/a.safetensors", "v"}, {"text_encoder/flux/b", "t"}, {"empty", ""}};
  for (std::string base : {"flux", "models/flux", "flux/flux"}) {
    std::vector<Item> items = {{base + "/", "", AE_IFDIR},           {base + "/flux", "unet"},
                               {base + "/vae/", "", AE_IFDIR},       {base + "/vae/a.safetensors", "v"},
                               {base + "/text_encoder/flux/b", "t"}, {base + "/empty", ""}};
    EXPECT_EQ(unpack_items(items, image_rules()).value(), expected) << base;
  }
}

TEST(Unpack, a_tar_from_macos_begins_with_attributes_of_the_folder) {
  const auto files =
      unpack_items({{"flux/._flux", "xattr"}, {"flux/flux/", "", AE_IFDIR}, {"flux/flux/a", "x"}}, image_rules());
  EXPECT_EQ(files.value(), (std::map<std::string, std::string>{{"a", "x"}}));
}

TEST(Unpack, skips_other_plain_files) {
  const auto files = unpack_items({{"./._qwen3", "xattr"},
                                   {"qwen3/", "", AE_IFDIR},
                                   {"qwen3/.DS_Store", "finder"},
                                   {"qwen3/README.md", std::string(5000, 'r')},
                                   {"qwen3/._qwen3", "xattr"},
                                   {"qwen3/qwen3", "weights"},
                                   {"qwen3/old/qwen3", "not this"}});
  EXPECT_EQ(files.value(), (std::map<std::string, std::string>{{"qwen3", "weights"}}));
}

TEST(Unpack, long_names_and_large_records) {
  const std::string folder(180, 'n');
  const std::string base = std::string(150, 'a') + "/" + std::string(150, 'b') + "/" + folder;
  for (int format : {ARCHIVE_FORMAT_TAR_GNUTAR, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE}) {
    const auto files =
        unpack(gzip_of(tar_of({{base + "/" + folder, "weights"}}, format)), {folder, Task::chat, k_mib}, 7);
    EXPECT_EQ(files.value().at(folder), "weights");
  }
}

TEST(Unpack, any_cut_of_the_input_gives_the_same) {
  const std::string content = mixed(300'000, 1);
  const std::string tar = tar_of({{"qwen3/qwen3", content}, {"qwen3/qwen3-projector", content.substr(500)}});
  std::string gz;
  for (std::size_t at = 0; at < tar.size(); at += 50'000) {
    gz += gzip_of(std::string_view(tar).substr(at, 50'000), {"part of it", at % 100'000 == 0});
  }
  for (std::size_t step : {1, 2, 3, 7, 10, 511, 512, 513, 4096, 100'000}) {
    const auto files = unpack(gz, chat_rules(), step);
    ASSERT_TRUE(files) << step << files.error().message;
    EXPECT_EQ(files->at("qwen3"), content) << step;
    EXPECT_EQ(files->at("qwen3-projector"), content.substr(500)) << step;
  }
}

TEST(Unpack, stored_and_empty_members) {
  const std::string content = noise(200'000, 3);
  const std::string tar = tar_of({{"qwen3/qwen3", content}});
  std::string gz = gzip_of("");
  // One stored block per 60 000 bytes, as a writer does for weights that do not shrink.
  for (std::size_t at = 0; at < tar.size(); at += 60'000) {
    const std::string piece = tar.substr(at, 60'000);
    const std::string packed = gzip_of(piece);
    const auto size = static_cast<std::uint16_t>(piece.size());
    const std::uint8_t head[5] = {1, static_cast<std::uint8_t>(size), static_cast<std::uint8_t>(size >> 8),
                                  static_cast<std::uint8_t>(~size), static_cast<std::uint8_t>(~size >> 8)};
    gz += packed.substr(0, 10) + std::string(text_of(head)) + piece + packed.substr(packed.size() - 8);
  }
  gz += gzip_of("");
  EXPECT_EQ(unpack(gz).value().at("qwen3"), content);
  EXPECT_EQ(unpack(gz, chat_rules(), 11).value().at("qwen3"), content);
}

// Unpacks with a fresh Unpacker per part, the way a fetcher does that dies after every part.
TEST(Unpack, resumes_at_every_part_boundary) {
  const std::string content = mixed(1'500'000, 5);
  const std::string projector = mixed(100'000, 6);
  const std::string tar = tar_of({{"models/qwen3/", "", AE_IFDIR},
                                  {"models/qwen3/notes", "skipped"},
                                  {"models/qwen3/qwen3", content},
                                  {"models/qwen3/qwen3-projector", projector}},
                                 ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
  const std::string gz = gzip_of(std::string_view(tar).substr(0, 400'000), {"first", true}) +
                         gzip_of(std::string_view(tar).substr(400'000), {"second", true});
  for (std::size_t part : {997, 10'000, 65'536, 700'001}) {
    MemorySink sink;
    Bytes checkpoint = Unpacker(chat_rules(), sink).checkpoint();
    for (std::size_t at = 0; at < gz.size(); at += part) {
      auto unpacker = Unpacker::resume(checkpoint, chat_rules(), sink);
      ASSERT_TRUE(unpacker) << unpacker.error().message;
      ASSERT_EQ(unpacker->consumed(), at);
      ASSERT_TRUE(unpacker->feed(view_of(std::string_view(gz).substr(at, part))));
      checkpoint = unpacker->checkpoint();
      // What the dead run wrote behind its checkpoint must not matter.
      if (const auto open = unpacker->open_file()) sink.files[open->file.name] += "rubbish";
    }
    auto unpacker = Unpacker::resume(checkpoint, chat_rules(), sink);
    ASSERT_TRUE(unpacker->finish());
    EXPECT_EQ(sink.files.at("qwen3"), content);
    EXPECT_EQ(sink.files.at("qwen3-projector"), projector);
    EXPECT_EQ(sink.files.size(), 2U);
    EXPECT_EQ(unpacker->files(),
              (std::vector<UnpackedFile>{{"qwen3", content.size()}, {"qwen3-projector", projector.size()}}));
  }
}

TEST(Unpack, resumes_after_every_single_byte) {
  const std::string content = mixed(45'000, 8);
  const std::string tar = tar_of({{"./qwen3/qwen3", content}}, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
  std::string gz = gzip_of(std::string_view(tar).substr(0, 700), {"n", true}) + gzip_of(tar.substr(700));
  gz = gz.substr(0, 1200) + gz.substr(1200);
  MemorySink whole;
  Unpacker first(chat_rules(), whole);
  for (std::size_t at = 0; at < gz.size(); ++at) {
    ASSERT_TRUE(first.feed(view_of(std::string_view(gz).substr(at, 1))));
    if (at > 3000 && at % 101 != 0 && at + 40 < gz.size()) continue;
    MemorySink sink;
    sink.files = whole.files;
    auto second = Unpacker::resume(first.checkpoint(), chat_rules(), sink);
    ASSERT_TRUE(second) << at;
    ASSERT_TRUE(second->feed(view_of(std::string_view(gz).substr(at + 1)))) << at;
    ASSERT_TRUE(second->finish()) << at;
    ASSERT_EQ(sink.files.at("qwen3"), content) << at;
  }
}

TEST(Unpack, a_damaged_or_strange_checkpoint_is_corrupt) {
  MemorySink sink;
  Unpacker unpacker(chat_rules(), sink);
  const std::string gz = gzip_of(tar_of({{"qwen3/qwen3", mixed(200'000, 2)}}));
  ASSERT_TRUE(unpacker.feed(view_of(std::string_view(gz).substr(0, 50'000))));
  const Bytes good = unpacker.checkpoint();
  const auto code_of = [&](const Bytes& checkpoint, const UnpackRules& rules) {
    auto result = Unpacker::resume(checkpoint, rules, sink);
    return result ? std::optional<Code>() : result.error().code;
  };
  EXPECT_FALSE(code_of(good, chat_rules()));
  for (std::size_t at = 0; at < good.size(); at += 1013) {
    Bytes bad = good;
    bad[at] ^= 0x10;
    EXPECT_EQ(code_of(bad, chat_rules()), Code::corrupt) << at;
    EXPECT_EQ(code_of(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(at)), chat_rules()),
              Code::corrupt);
  }
  UnpackRules other = chat_rules();
  other.folder_name = "qwen4";
  EXPECT_EQ(code_of(good, other), Code::corrupt);
  EXPECT_EQ(code_of(good, image_rules()), Code::corrupt);
}

TEST(Unpack, refuses_paths_that_lead_out) {
  expect_refused(unpack_items({{"/qwen3/qwen3", "x"}}), Code::invalid, "absolute");
  expect_refused(unpack_items({{"../qwen3/qwen3", "x"}}), Code::invalid, "leads out");
  expect_refused(unpack_items({{"qwen3/../qwen3/qwen3", "x"}}), Code::invalid, "leads out");
  expect_refused(unpack_items({{"/qwen3/", "", AE_IFDIR}, {"qwen3/qwen3", "x"}}), Code::invalid, "absolute");
  expect_refused(unpack_items({{"..", "", AE_IFDIR}, {"qwen3/qwen3", "x"}}), Code::invalid, "leads out");
  expect_refused(unpack_items({{"flux/a/../../../b", "x"}}, image_rules()), Code::invalid, "leads out");
  expect_refused(unpack_items({{"flux/a\nb", "x"}}, image_rules()), Code::invalid, "not a plain path");
  expect_refused(unpack_items({{"flux/a\\b", "x"}}, image_rules()), Code::invalid, "not a plain path");
  expect_refused(unpack_items({{"flux/\xff", "x"}}, image_rules()), Code::invalid, "not a plain path");
}

TEST(Unpack, refuses_files_outside_the_folder) {
  expect_refused(unpack_items({{"qwen3", "x"}}), Code::invalid, "not inside the folder");
  expect_refused(unpack_items({{"other/qwen3", "x"}}), Code::invalid, "not inside the folder");
  expect_refused(unpack_items({{"qwen3/qwen3", "x"}, {"other/qwen3/qwen3-projector", "x"}}), Code::invalid,
                 "not inside");
  expect_refused(unpack_items({{"qwen3/", "", AE_IFDIR}, {"qwen34/qwen3", "x"}}), Code::invalid, "not inside");
  expect_refused(unpack_items({{"a/flux/x", "x"}, {"b/flux/y", "x"}}, image_rules()), Code::invalid, "not inside");
  expect_refused(unpack_items({{"other/x", "x"}}, image_rules()), Code::invalid, "not inside");
}

TEST(Unpack, refuses_everything_but_files_and_folders) {
  const Item model = {"qwen3/qwen3", "weights"};
  expect_refused(unpack_items({{"qwen3/qwen3", "", AE_IFLNK, "/etc/passwd"}}), Code::invalid, "symbolic link");
  expect_refused(unpack_items({model, {"qwen3/a", "", AE_IFREG, "qwen3/qwen3"}}), Code::invalid, "hard link");
  expect_refused(unpack_items({model, {"qwen3/a", "", AE_IFIFO}}), Code::invalid, "named pipe");
  expect_refused(unpack_items({model, {"qwen3/a", "", AE_IFCHR}}), Code::invalid, "device");
  expect_refused(unpack_items({model, {"qwen3/a", "", AE_IFBLK}}), Code::invalid, "device");
}

// One ustar header made by hand, for what no writer makes.
std::string raw_header(std::string_view name, std::string_view size, char type) {
  std::string block(512, '\0');
  const auto put = [&](std::size_t at, std::string_view text) { block.replace(at, text.size(), text); };
  put(0, name);
  put(100, "0000644");
  put(108, "0000000");
  put(116, "0000000");
  put(124, size);
  put(136, "00000000000");
  put(148, "        ");
  block[156] = type;
  put(257, std::string_view("ustar\00000", 8));
  unsigned sum = 0;
  for (char c : block) sum += static_cast<unsigned char>(c);
  char text[8];
  std::snprintf(text, sizeof text, "%06o", sum);
  put(148, std::string_view(text, 7));
  return block;
}
const std::string k_tar_end(1024, '\0');

TEST(Unpack, refuses_strange_entries) {
  const auto refused = [](std::string_view tar, Code code, std::string_view why) {
    expect_refused(unpack(gzip_of(std::string(tar) + k_tar_end)), code, why);
  };
  refused(raw_header("qwen3/qwen3", "00000000000", 'S'), Code::invalid, "sparse");
  refused(raw_header("qwen3/qwen3", "00000000000", 'M'), Code::invalid, "unknown kind");
  refused(raw_header("qwen3/qwen3", "00000000000", 'V'), Code::invalid, "unknown kind");
  refused(raw_header("", "00000000000", '0'), Code::invalid, "name");
  refused(raw_header("./", "00000000000", '0') + "", Code::invalid, "no model file");
  refused(raw_header("qwen3/qwen3", "77777777777", '0'), Code::invalid, "larger than");
  refused(raw_header("qwen3/qwen3", std::string_view("\x80\0\0\0\0\xff\xff\xff\xff\xff\xff\xff", 12), '0'),
          Code::invalid, "larger than");
  refused(raw_header("x", "77777777777", 'x'), Code::invalid, "extended tar headers");
  refused(raw_header("x", "7777777777z", 'L'), Code::corrupt, "size");
  refused(raw_header("x", "00000000000", 'x'), Code::corrupt, "extended header");
  std::string damaged = raw_header("qwen3/qwen3", "00000000001", '0');
  damaged[0] = 'Q';
  refused(damaged + std::string(512, 'x'), Code::corrupt, "damaged");
  // GNU's sparse files in pax dress.
  const std::string record = "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n28 GNU.sparse.realsize=1024\n";
  std::string pax = raw_header("x", "00000000110", 'x') + record + std::string(512 - record.size(), '\0');
  EXPECT_FALSE(unpack(gzip_of(pax + raw_header("qwen3/qwen3", "00000000000", '0') + k_tar_end)));
}

TEST(Unpack, refuses_duplicates_and_clashes) {
  expect_refused(unpack_items({{"qwen3/qwen3", "a"}, {"qwen3/qwen3", "b"}}), Code::invalid, "twice");
  expect_refused(unpack_items({{"flux/A", "a"}, {"flux/a", "b"}}, image_rules()), Code::invalid, "twice");
  expect_refused(unpack_items({{"flux/a", "a"}, {"flux/a/b", "b"}}, image_rules()), Code::invalid, "twice");
  expect_refused(unpack_items({{"flux/a/b", "a"}, {"flux/a", "b"}}, image_rules()), Code::invalid, "twice");
  EXPECT_TRUE(unpack_items({{"flux/a/b", "a"}, {"flux/a-", "b"}, {"flux/a0", "b"}}, image_rules()));
}

TEST(Unpack, refuses_bombs) {
  const std::string zeros(2 * k_mib, '\0');
  UnpackRules small = chat_rules();
  small.output_limit = k_mib;
  expect_refused(unpack_items({{"qwen3/qwen3", zeros}}, small), Code::invalid, "larger than");
  expect_refused(unpack_items({{"qwen3/qwen3", "x"}, {"qwen3/skipped", zeros}}, small), Code::invalid, "larger than");
  const std::string tar = tar_of({{"qwen3/qwen3", "x"}});
  expect_refused(unpack(gzip_of(tar + std::string(20 * k_mib, '\0'))), Code::invalid, "follow the end");
  std::string many;
  for (int i = 0; i < 100'001; ++i) many += raw_header("qwen3/x", "00000000000", '5');
  expect_refused(unpack(gzip_of(many + k_tar_end)), Code::invalid, "entries");
}

TEST(Unpack, a_cut_stream_is_corrupt) {
  const std::string tar = tar_of({{"qwen3/qwen3", mixed(60'000, 4)}});
  const std::string gz = gzip_of(tar);
  for (std::size_t size :
       {std::size_t{0}, std::size_t{5}, std::size_t{10}, gz.size() / 2, gz.size() - 9, gz.size() - 8, gz.size() - 1}) {
    expect_refused(unpack(std::string_view(gz).substr(0, size)), Code::corrupt, "cut off");
  }
  for (std::size_t size :
       {std::size_t{0}, std::size_t{100}, std::size_t{512}, std::size_t{40'000}, std::size_t{61'000}}) {
    expect_refused(unpack(gzip_of(tar.substr(0, size))), Code::corrupt, "cut off");
  }
}

TEST(Unpack, damaged_gzip_is_corrupt) {
  const std::string gz = gzip_of(tar_of({{"qwen3/qwen3", noise(50'000, 4)}}), {"name", true});
  const auto changed = [&](std::size_t at) {
    std::string bad = gz;
    bad[at] = static_cast<char>(bad[at] ^ 0x20);
    return bad;
  };
  expect_refused(unpack(changed(0)), Code::corrupt, "not gzip");
  expect_refused(unpack(changed(2)), Code::corrupt, "method");
  expect_refused(unpack(changed(5)), Code::corrupt, "checksum");              // header CRC
  expect_refused(unpack(changed(gz.size() - 6)), Code::corrupt, "checksum");  // CRC-32
  expect_refused(unpack(changed(gz.size() - 2)), Code::corrupt, "checksum");  // length
  for (std::size_t at = 200; at < gz.size() - 10; at += 997) EXPECT_FALSE(unpack(changed(at))) << at;
  expect_refused(unpack(gz + "x"), Code::corrupt, "cut off");
  expect_refused(unpack(gz + "<html>not found</html>"), Code::corrupt, "follow the end");
  expect_refused(unpack(gz + std::string(512, '\0')), Code::corrupt, "follow the end");
  expect_refused(unpack(gz + gzip_of("more")), Code::invalid, "follow the end");
}

TEST(Unpack, a_tar_without_the_model_is_invalid) {
  expect_refused(unpack(gzip_of(k_tar_end)), Code::invalid, "no model file");
  expect_refused(unpack_items({{"qwen3/", "", AE_IFDIR}, {"qwen3/README", "x"}}), Code::invalid, "no model file");
  expect_refused(unpack_items({{"qwen3/qwen3-projector", "x"}}), Code::invalid, "no model file");
}

TEST(Unpack, hands_the_sinks_error_through_and_is_spent) {
  MemorySink sink;
  sink.fails = Error{Code::io, "no space left"};
  Unpacker unpacker(chat_rules(), sink);
  const std::string gz = gzip_of(tar_of({{"qwen3/qwen3", "x"}}));
  const auto first = unpacker.feed(view_of(gz));
  ASSERT_FALSE(first);
  EXPECT_EQ(first.error().code, Code::io);
  EXPECT_EQ(first.error().message, "no space left");
  EXPECT_FALSE(unpacker.feed(view_of(gz)));
  EXPECT_FALSE(unpacker.finish());
}

}  // namespace
}  // namespace eai::model
