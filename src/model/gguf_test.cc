#include "model/gguf.h"

#include <cstring>

#include <gtest/gtest.h>

#include "model/gguf_types.h"
#include "model/metadata.h"
#include "model/unpack.h"
#include "util/file.h"

namespace eai::model {
namespace {

// Writes headers by hand, right and wrong ones.
class Writer {
 public:
  std::string bytes;

  template <typename T>
  Writer& raw(T value) {
    char text[sizeof value];
    std::memcpy(text, &value, sizeof value);
    bytes.append(text, sizeof value);
    return *this;
  }
  Writer& text(std::string_view value) {
    raw(std::uint64_t{value.size()});
    bytes += value;
    return *this;
  }
  Writer& start(std::uint64_t tensors, std::uint64_t pairs, std::uint32_t version = 3) {
    bytes += "GGUF";
    return raw(version).raw(tensors).raw(pairs);
  }
  Writer& key(std::string_view name, std::uint32_t type) { return text(name).raw(type); }
  Writer& u32(std::string_view name, std::uint32_t value) { return key(name, 4).raw(value); }
  Writer& str(std::string_view name, std::string_view value) { return key(name, 8).text(value); }
  Writer& list(std::string_view name, std::uint32_t type, std::uint64_t count) {
    return key(name, 9).raw(type).raw(count);
  }
  Writer& tensor(std::string_view name, std::vector<std::uint64_t> shape, std::uint32_t type, std::uint64_t offset) {
    text(name).raw(static_cast<std::uint32_t>(shape.size()));
    for (std::uint64_t length : shape) raw(length);
    return raw(type).raw(offset);
  }
  Writer& data(std::uint64_t size, std::uint64_t alignment = 32) {
    bytes.resize((bytes.size() + alignment - 1) / alignment * alignment);
    bytes.append(size, 'w');
    return *this;
  }
};

// Serves a string, and fails the test when asked for anything outside of it.
Result<GgufInfo> parse(std::string_view file) {
  const ReadAt read = [file](std::uint64_t offset, std::span<std::uint8_t> into) -> Result<void> {
    if (offset > file.size() || into.size() > file.size() - offset) {
      ADD_FAILURE() << "asked for bytes outside of the file";
      return fail(Code::io, "outside");
    }
    std::memcpy(into.data(), file.data() + offset, into.size());
    return {};
  };
  return read_gguf(read, file.size());
}

void expect_refused(const Writer& writer, std::string_view why) {
  const auto result = parse(writer.bytes);
  ASSERT_FALSE(result) << "was accepted; wanted: " << why;
  EXPECT_EQ(result.error().code, Code::invalid);
  EXPECT_TRUE(result.error().message.starts_with("not a usable GGUF file: ")) << result.error().message;
  EXPECT_NE(result.error().message.find(why), std::string::npos) << result.error().message;
}

Writer small_model() {
  Writer w;
  w.start(2, 9).str("general.architecture", "qwen3").str("general.name", "Tiny").u32("general.file_type", 15);
  w.u32("qwen3.context_length", 32768).u32("qwen3.block_count", 2).u32("qwen3.embedding_length", 64);
  w.u32("qwen3.attention.head_count", 4).u32("qwen3.attention.head_count_kv", 2).u32("qwen3.attention.key_length", 32);
  w.tensor("a", {64, 3}, 8, 0).tensor("b", {5}, 0, 224);
  return w.data(224 + 20);
}

TEST(Gguf, reads_a_model) {
  const GgufInfo info = parse(small_model().bytes).value();
  EXPECT_EQ(info.architecture, "qwen3");
  EXPECT_EQ(info.name, "Tiny");
  EXPECT_EQ(info.quantization, "Q4_K_M");
  EXPECT_EQ(info.context_length, 32768U);
  EXPECT_EQ(info.block_count, 2U);
  EXPECT_EQ(info.head_count, 4U);
  EXPECT_EQ(info.layers.head_count_kv, std::vector<std::uint64_t>{2});
  EXPECT_EQ(info.layers.key_length, 32U);
  EXPECT_EQ(info.layers.value_length, 16U);
  EXPECT_EQ(info.parameters, 64U * 3 + 5);
  EXPECT_EQ(info.tensor_bytes, 204U + 20);
  ASSERT_EQ(info.tensors.size(), 2U);
  EXPECT_EQ(info.tensors[0].shape, (std::vector<std::uint64_t>{64, 3}));
  EXPECT_EQ(info.tensors[0].range.begin, info.header_size);
  EXPECT_EQ(info.tensors[0].range.size(), 204U);
  EXPECT_EQ(info.tensors[1].range.end, small_model().bytes.size());
  EXPECT_EQ(info.header_size % 32, 0U);
  EXPECT_FALSE(info.pooling);
  EXPECT_TRUE(info.causal);
  EXPECT_FALSE(info.is_projector);
}

TEST(Gguf, says_where_it_comes_from) {
  Writer w;
  w.start(0, 4).str("general.architecture", "llama").str("general.license", "apache-2.0");
  w.str("general.url", "https://example.org/model").str("general.source.url", "https://example.org/original");
  const GgufInfo info = parse(w.bytes).value();
  EXPECT_EQ(info.license, "apache-2.0");
  EXPECT_EQ(info.source, "https://example.org/original");
  Writer odd;
  odd.start(0, 3).str("general.architecture", "llama").u32("general.license", 7).u32("general.source.url", 7);
  const auto other = parse(odd.bytes);
  ASSERT_TRUE(other) << "nobody is kept from a model by a licence of the wrong type";
  EXPECT_EQ(other->license + other->source, "");
}

TEST(Gguf, every_cut_is_noticed) {
  const std::string whole = small_model().bytes;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto result = parse(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(result) << size;
    EXPECT_EQ(result.error().code, Code::invalid);
  }
}

TEST(Gguf, says_what_a_memory_estimate_needs) {
  Writer w;
  w.start(0, 14).str("general.architecture", "lfm2");
  w.list("lfm2.attention.head_count_kv", 5, 4).raw(0).raw(0).raw(8).raw(-1);
  w.list("lfm2.attention.head_count", 4, 2).raw(std::uint32_t{16}).raw(std::uint32_t{32});
  w.u32("lfm2.embedding_length", 2048).u32("lfm2.shortconv.l_cache", 3).u32("lfm2.ssm.state_size", 128);
  w.u32("lfm2.attention.kv_lora_rank", 512).u32("lfm2.rope.dimension_count", 64);
  w.u32("lfm2.attention.sliding_window", 4096).u32("lfm2.full_attention_interval", 4);
  w.list("lfm2.attention.sliding_window_pattern", 7, 3).raw('\1').raw('\0').raw('\1');
  w.u32("lfm2.expert_count", 8).list("lfm2.feed_forward_length", 4, 1).raw(std::uint32_t{512});
  w.u32("split.count", 3);
  const GgufInfo info = parse(w.bytes).value();
  EXPECT_EQ(info.layers.head_count_kv, (std::vector<std::uint64_t>{0, 0, 8, 0}));
  EXPECT_EQ(info.head_count, 32U);
  EXPECT_EQ(info.layers.key_length, 64U);
  EXPECT_EQ(info.layers.shortconv_l_cache, 3U);
  EXPECT_EQ(info.layers.ssm_state_size, 128U);
  EXPECT_EQ(info.layers.kv_lora_rank, 512U);
  EXPECT_EQ(info.layers.rope_dimension, 64U);
  EXPECT_EQ(info.layers.sliding_window, 4096U);
  EXPECT_EQ(info.layers.sliding_window_pattern, (std::vector<std::uint64_t>{1, 0, 1}));
  EXPECT_EQ(info.layers.full_attention_interval, 4U);
  EXPECT_EQ(info.expert_count, 8U);
  EXPECT_EQ(info.feed_forward_length, 512U);
  EXPECT_EQ(info.split_count, 3U);
}

TEST(Gguf, later_pieces_of_a_model_name_no_architecture) {
  const auto piece = [](std::uint32_t number, std::uint32_t count) {
    Writer w;
    w.start(0, 3).u32("split.no", number).u32("split.count", count).u32("split.tensors.count", 17);
    return parse(w.bytes);
  };
  const GgufInfo info = piece(1, 3).value();
  EXPECT_EQ(info.split_number, 1U);
  EXPECT_EQ(info.split_tensors, 17U);
  EXPECT_TRUE(info.architecture.empty());
  EXPECT_FALSE(piece(0, 3)) << "the first one does";
  EXPECT_FALSE(piece(3, 3));
  EXPECT_FALSE(piece(1, 1));
}

TEST(Gguf, what_is_not_a_model_says_so) {
  Writer matrix;
  matrix.start(0, 1).str("general.type", "imatrix");
  EXPECT_EQ(parse(matrix.bytes).value().type, "imatrix");
  Writer projector;
  projector.start(0, 2).str("general.architecture", "other").str("general.type", "mmproj");
  EXPECT_TRUE(parse(projector.bytes).value().is_projector);
}

TEST(Gguf, long_lists_are_counted_not_kept) {
  Writer w;
  w.start(0, 3).str("general.architecture", "llama");
  w.list("tokenizer.ggml.tokens", 8, 200'000);
  for (int i = 0; i < 200'000; ++i) w.text(i == 77 ? "longest token" : "token");
  w.list("tokenizer.ggml.scores", 6, 200'000).bytes.append(800'000, '\0');
  const GgufInfo info = parse(w.bytes).value();
  EXPECT_EQ(info.vocabulary, 200'000U);
  EXPECT_EQ(info.longest_token, 13U);
  EXPECT_EQ(info.header_size, w.bytes.size());
}

TEST(Gguf, quantisation_without_a_file_type_is_that_of_most_bytes) {
  Writer w;
  w.start(2, 1).str("general.architecture", "llama");
  w.tensor("a", {256, 4}, 12, 0).tensor("b", {4}, 0, 576).data(576 + 16);
  EXPECT_EQ(parse(w.bytes).value().quantization, "Q4_K");
}

TEST(Gguf, refuses_what_is_no_gguf) {
  expect_refused(Writer(), "0 bytes long");
  Writer html;
  html.bytes = "<!DOCTYPE html><html><body>504 Gateway Time-out</body></html>";
  expect_refused(html, "does not begin with");
  expect_refused(Writer().start(0, 0, 1).data(64), "version is 1");
  expect_refused(Writer().start(0, 0, 4).data(64), "version is 4");
  expect_refused(Writer().start(0, 0, 0x03000000).data(64), "big endian");
  expect_refused(Writer().start(0, 0), "no architecture");
}

TEST(Gguf, refuses_huge_counts) {
  constexpr std::uint64_t huge = ~std::uint64_t{0};
  expect_refused(Writer().start(huge, 0).data(100), "tensors");
  expect_refused(Writer().start(1000, 0).data(1000), "tensors");
  expect_refused(Writer().start(0, huge).data(100), "pairs");
  expect_refused(Writer().start(0, 1).raw(huge).data(100), "a key has");
  expect_refused(Writer().start(0, 1).key("a", 8).raw(huge).data(100), "a text has");
  expect_refused(Writer().start(0, 1).key("a", 8).raw(std::uint64_t{1000}).data(100), "ends in the middle");
  expect_refused(Writer().start(0, 1).list("a", 10, huge / 8 + 2).data(100), "claims a list");
  expect_refused(Writer().start(0, 1).list("a", 8, 1'000'000).data(100), "claims a list");
  expect_refused(Writer().start(0, 1).list("a", 8, 1).raw(huge).data(100), "ends in the middle");
  expect_refused(Writer().start(0, 1).list("a", 9, 1).raw(std::uint32_t{4}).data(100), "a list of lists");
}

TEST(Gguf, refuses_strange_keys) {
  expect_refused(Writer().start(0, 1).u32("", 1).data(64), "empty");
  expect_refused(Writer().start(0, 2).u32("a", 1).u32("a", 1).data(64), "appears twice");
  expect_refused(Writer().start(0, 1).key("a", 13).data(64), "unknown type 13");
  expect_refused(Writer().start(0, 1).list("a", 99, 0).data(64), "unknown type 99");
  expect_refused(Writer().start(0, 1).u32("general.architecture", 1).data(64), "not a text");
  const auto with = [](Writer& w) -> Writer& { return w.start(0, 2).str("general.architecture", "x"); };
  Writer text, negative, real, list;
  expect_refused(with(text).str("x.block_count", "3"), "not a number");
  expect_refused(with(negative).key("x.block_count", 5).raw(-3), "not a number");
  expect_refused(with(real).key("x.block_count", 6).raw(3.0F), "not a number");
  expect_refused(with(list).list("x.attention.head_count_kv", 6, 1).raw(3.0F), "short list");
}

TEST(Gguf, alignment) {
  const auto model = [](std::uint32_t alignment, std::uint64_t second) {
    Writer w;
    w.start(2, 2).str("general.architecture", "x").u32("general.alignment", alignment);
    w.tensor("a", {1}, 0, 0).tensor("b", {1}, 0, second);
    return w.data(second + 4, alignment == 0 || alignment > 4096 ? 1 : alignment);
  };
  EXPECT_EQ(parse(model(64, 64).bytes).value().header_size % 64, 0U);
  EXPECT_EQ(parse(model(8, 8).bytes).value().tensors[1].range.size(), 4U);
  expect_refused(model(0, 32), "not a power of two");
  expect_refused(model(33, 66), "not a power of two");
  expect_refused(model(1U << 31, 64), "not a power of two");
  expect_refused(model(64, 32), "instead of 64");
}

TEST(Gguf, refuses_impossible_tensors) {
  const auto with = [](std::string_view name, std::vector<std::uint64_t> shape, std::uint32_t type,
                       std::uint64_t offset) {
    Writer w;
    w.start(1, 1).str("general.architecture", "x").tensor(name, std::move(shape), type, offset);
    return w.data(4096);
  };
  EXPECT_TRUE(parse(with("a", {32}, 0, 0).bytes));
  EXPECT_TRUE(parse(with("a", {}, 0, 0).bytes));
  EXPECT_TRUE(parse(with("a", {0, 5}, 0, 0).bytes));
  expect_refused(with("a", {1, 1, 1, 1, 1}, 0, 0), "5 dimensions");
  expect_refused(with("a", {1ULL << 40, 1ULL << 40}, 0, 0), "impossibly large");
  expect_refused(with("a", {~0ULL}, 0, 0), "impossibly large");
  expect_refused(with("a", {1ULL << 60}, 0, 0), "larger than the file");
  expect_refused(with("a", {1025}, 0, 0), "ends after the file");
  expect_refused(with("a", {33}, 8, 0), "not a whole number of Q8_0 blocks");
  for (std::uint32_t type : {4U, 5U, 31U, 38U, 43U, ~0U}) expect_refused(with("a", {32}, type, 0), "unknown type");
  expect_refused(with("a", {32}, 0, 32), "lies at 32 instead of 0");
  expect_refused(with("a", {32}, 0, ~0ULL - 31), "instead of 0");
  expect_refused(with(std::string(128, 'n'), {32}, 0, 0), "a tensor's name has 128");
  Writer twice;
  twice.start(2, 1).str("general.architecture", "x").tensor("a", {8}, 0, 0).tensor("a", {8}, 0, 32).data(64);
  expect_refused(twice, "appears twice");
}

TEST(Gguf, types_have_the_sizes_of_the_engine) {
  EXPECT_EQ(ggml_type(8)->block_bytes, 34U);
  EXPECT_EQ(ggml_type(14)->name, "Q6_K");
  EXPECT_EQ(ggml_type(14)->block_bytes, 210U);
  EXPECT_EQ(ggml_type(30)->name, "BF16");
  EXPECT_EQ(ggml_type(34)->block_bytes, 54U);
  EXPECT_EQ(ggml_type(40)->block_size, 64U);
  EXPECT_EQ(ggml_type(42)->name, "Q2_0");
  EXPECT_FALSE(ggml_type(43));
  EXPECT_EQ(file_type_name(7), "Q8_0");
  EXPECT_EQ(file_type_name(15), "Q4_K_M");
  EXPECT_EQ(file_type_name(32), "BF16");
  EXPECT_EQ(file_type_name(36), "TQ1_0");
  EXPECT_EQ(file_type_name(41), "Q2_0");
  EXPECT_EQ(file_type_name(4), "");
  EXPECT_EQ(file_type_name(1000), "");
}

class Collect : public UnpackSink {
 public:
  std::map<std::string, std::string> files;
  Result<void> begin_file(const std::string& name, std::uint64_t) override {
    open_ = &files[name];
    return {};
  }
  Result<void> data(ByteView bytes) override {
    *open_ += text_of(bytes);
    return {};
  }
  Result<void> end_file() override { return {}; }
  Result<void> resume_file(const std::string&, std::uint64_t, std::uint64_t) override { return {}; }

 private:
  std::string* open_ = nullptr;
};

// The whole way of a demo model through this room: CID, metadata, parts, unpacking.
std::map<std::string, std::string> demo_files(std::string_view hash) {
  const fs::path blocks = fs::path(EAI_SOURCE_DIR) / "demo" / "blocks";
  const auto block = [&](const ipld::Cid& cid) {
    Bytes bytes = read_file(blocks / cid.str(), 2 * k_mib).value();
    EXPECT_TRUE(ipld::verify(cid.hash(), bytes)) << cid.str();
    return bytes;
  };
  const Metadata metadata = parse_metadata(block(ipld::Cid::parse(hash).value())).value();
  Collect sink;
  Unpacker unpacker({metadata.folder_name, metadata.task, 64 * k_mib}, sink);
  for (const PartEntry& part : metadata.files) {
    const Bytes bytes = block(part.cid);
    EXPECT_EQ(ipld::sha256(bytes), part.sha256);
    EXPECT_EQ(bytes.size(), part.size);
    EXPECT_TRUE(unpacker.feed(bytes));
  }
  EXPECT_TRUE(unpacker.finish());
  return sink.files;
}

TEST(DemoModels, chat_and_its_projector) {
  const auto files = demo_files("bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4");
  ASSERT_EQ(files.size(), 2U);
  const GgufInfo model = parse(files.at("eai-demo")).value();
  EXPECT_EQ(model.architecture, "llama");
  EXPECT_EQ(model.name, "eai-demo");
  EXPECT_EQ(model.quantization, "Q8_0");
  EXPECT_EQ(model.context_length, 2048U);
  EXPECT_EQ(model.vocabulary, 1536U);
  EXPECT_EQ(model.tokenizer, "llama");
  EXPECT_EQ(model.longest_token, 16U);
  EXPECT_EQ(model.parameters, 2508864U);
  EXPECT_EQ(model.layers.head_count_kv, std::vector<std::uint64_t>{6});
  EXPECT_NE(model.chat_template.find("<|im_start|>"), std::string::npos);
  const GgufInfo projector = parse(files.at("eai-demo-projector")).value();
  EXPECT_TRUE(projector.is_projector);
  EXPECT_TRUE(projector.sees);
  EXPECT_FALSE(projector.hears);
  EXPECT_EQ(projector.projector_type, "gemma3");
  EXPECT_EQ(projector.projection_length, model.embedding_length);
  EXPECT_EQ(projector.quantization, "F16");
}

TEST(DemoModels, embedding) {
  const auto files = demo_files("bafkreiedjz4uloxocmpnqi22bd5gcc3eu5byushhobz4jnnthjg2lsu4a4");
  ASSERT_EQ(files.size(), 1U);
  const GgufInfo model = parse(files.at("eai-demo-embed")).value();
  EXPECT_EQ(model.pooling, 1U);
  EXPECT_FALSE(model.causal);
  EXPECT_EQ(model.embedding_length, 128U);
}

}  // namespace
}  // namespace eai::model
