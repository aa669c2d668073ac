// Why: model files of any shape without their weights, for tests: a complete header, and after it a file that is a hole.
// Thread: any; write_shape blocks on the disk.
#pragma once

#include <bit>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "util/file.h"

namespace eai::engine {

struct Shape {
  std::string architecture = "llama";
  std::uint32_t blocks = 1, width = 256, feed = 512, heads = 4, kv_heads = 4, head = 64, vocabulary = 64;
  std::uint32_t trained = 2048, window = 0, experts = 0;
  bool q4 = false;  // Q4_K weights (widths in multiples of 256), else F32
};

namespace shape_detail {

struct Writer {
  Bytes bytes;
  void number(std::uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  }
  void text(std::string_view value) {
    number(value.size(), 8);
    bytes.insert(bytes.end(), value.begin(), value.end());
  }
};

struct Header {
  Writer keys, tensors;
  std::uint64_t key_count = 0, tensor_count = 0, offset = 0;
  bool q4 = false;

  void key(std::string_view name, std::uint32_t type) {
    ++key_count;
    keys.text(name);
    keys.number(type, 4);
  }
  void u32(const std::string& name, std::uint32_t value) { key(name, 4), keys.number(value, 4); }
  void f32(const std::string& name, float value) { key(name, 6), keys.number(std::bit_cast<std::uint32_t>(value), 4); }
  void word(const std::string& name, std::string_view value) { key(name, 8), keys.text(value); }
  void list(const std::string& name, std::uint32_t type, std::uint64_t count,
            const std::function<void(std::uint64_t)>& one) {
    key(name, 9);
    keys.number(type, 4);
    keys.number(count, 8);
    for (std::uint64_t i = 0; i < count; ++i) one(i);
  }
  void tensor(std::string_view name, std::vector<std::uint64_t> shape, bool plain = false) {
    ++tensor_count;
    tensors.text(name);
    tensors.number(shape.size(), 4);
    std::uint64_t count = 1;
    for (const std::uint64_t side : shape) tensors.number(side, 8), count *= side;
    const bool quantised = q4 && !plain;
    tensors.number(quantised ? 12 : 0, 4);
    tensors.number(offset, 8);
    offset += ((quantised ? count / 256 * 144 : count * 4) + 31) / 32 * 32;
  }
};

inline void vocabulary(Header& header, std::uint32_t size) {
  header.word("tokenizer.ggml.model", "llama");
  header.list("tokenizer.ggml.tokens", 8, size, [&](std::uint64_t i) { header.keys.text("t" + std::to_string(i)); });
  header.list("tokenizer.ggml.scores", 6, size, [&](std::uint64_t) { header.keys.number(0, 4); });
  header.list("tokenizer.ggml.token_type", 5, size, [&](std::uint64_t i) { header.keys.number(i < 3 ? 3 : 1, 4); });
  header.u32("tokenizer.ggml.bos_token_id", 1);
  header.u32("tokenizer.ggml.eos_token_id", 2);
}

inline void block(Header& header, const Shape& shape, std::uint32_t index) {
  const std::string prefix = "blk." + std::to_string(index) + ".";
  const std::uint64_t width = shape.width, q = std::uint64_t{shape.heads} * shape.head,
                      kv = std::uint64_t{shape.kv_heads} * shape.head;
  header.tensor(prefix + "attn_norm.weight", {width}, true);
  header.tensor(prefix + "ffn_norm.weight", {width}, true);
  header.tensor(prefix + "attn_q.weight", {width, q});
  header.tensor(prefix + "attn_k.weight", {width, kv});
  header.tensor(prefix + "attn_v.weight", {width, kv});
  header.tensor(prefix + "attn_output.weight", {q, width});
  if (shape.architecture != "llama") {
    header.tensor(prefix + "attn_q_norm.weight", {shape.head}, true);
    header.tensor(prefix + "attn_k_norm.weight", {shape.head}, true);
  }
  if (shape.architecture == "gemma3") {
    header.tensor(prefix + "post_attention_norm.weight", {width}, true);
    header.tensor(prefix + "post_ffw_norm.weight", {width}, true);
  }
  if (shape.experts > 0) {
    header.tensor(prefix + "ffn_gate_inp.weight", {width, shape.experts}, true);
    header.tensor(prefix + "ffn_gate_exps.weight", {width, shape.feed, shape.experts});
    header.tensor(prefix + "ffn_up_exps.weight", {width, shape.feed, shape.experts});
    header.tensor(prefix + "ffn_down_exps.weight", {shape.feed, width, shape.experts});
    return;
  }
  header.tensor(prefix + "ffn_gate.weight", {width, shape.feed});
  header.tensor(prefix + "ffn_up.weight", {width, shape.feed});
  header.tensor(prefix + "ffn_down.weight", {shape.feed, width});
}

}  // namespace shape_detail

// Writes the file; returns the bytes of its (absent) weights.
inline std::uint64_t write_shape(const Shape& shape, const fs::path& path) {
  using namespace shape_detail;
  Header header;
  header.q4 = shape.q4;
  const std::string prefix = shape.architecture + ".";
  header.word("general.architecture", shape.architecture);
  header.word("general.name", "shape");
  header.u32(prefix + "context_length", shape.trained);
  header.u32(prefix + "embedding_length", shape.width);
  header.u32(prefix + "block_count", shape.blocks);
  header.u32(prefix + "feed_forward_length", shape.feed);
  header.u32(prefix + "attention.head_count", shape.heads);
  header.u32(prefix + "attention.head_count_kv", shape.kv_heads);
  header.f32(prefix + "attention.layer_norm_rms_epsilon", 1e-6F);
  header.u32(prefix + "attention.key_length", shape.head);
  header.u32(prefix + "attention.value_length", shape.head);
  if (shape.window > 0) header.u32(prefix + "attention.sliding_window", shape.window);
  if (shape.experts > 0) {
    header.u32(prefix + "expert_count", shape.experts);
    header.u32(prefix + "expert_used_count", 8);
    header.u32(prefix + "expert_feed_forward_length", shape.feed);
  }
  vocabulary(header, shape.vocabulary);
  header.tensor("token_embd.weight", {shape.width, shape.vocabulary});
  header.tensor("output_norm.weight", {shape.width}, true);
  header.tensor("output.weight", {shape.width, shape.vocabulary});
  for (std::uint32_t i = 0; i < shape.blocks; ++i) block(header, shape, i);

  Writer whole;
  whole.number(0x46554747, 4);  // "GGUF"
  whole.number(3, 4);
  whole.number(header.tensor_count, 8);
  whole.number(header.key_count, 8);
  for (const Bytes* part : {&header.keys.bytes, &header.tensors.bytes})
    whole.bytes.insert(whole.bytes.end(), part->begin(), part->end());
  while (whole.bytes.size() % 32 != 0) whole.bytes.push_back(0);
  const auto file = open_file(path, O_WRONLY | O_CREAT | O_TRUNC);
  EXPECT_TRUE(file && write_all(file->get(), whole.bytes));
  EXPECT_EQ(::ftruncate(file->get(), static_cast<off_t>(whole.bytes.size() + header.offset)), 0);
  return header.offset;
}

}  // namespace eai::engine
