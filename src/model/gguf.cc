#include "model/gguf.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>
#include <map>
#include <unordered_set>
#include <variant>

#include "model/gguf_cursor.h"
#include "model/gguf_types.h"
#include "util/text.h"

namespace eai::model {
namespace {

// Far more than any model has, and far less than would hurt.
constexpr std::uint64_t k_pairs_limit = 65'536;
constexpr std::uint64_t k_tensors_limit = 131'072;
constexpr std::uint64_t k_key_limit = 65'535;       // of the specification
constexpr std::uint64_t k_tensor_name_limit = 127;  // of ggml as stable-diffusion.cpp has it; llama.cpp: 63
constexpr std::uint32_t k_dimensions_limit = 4;     // of ggml
constexpr std::uint64_t k_text_limit = 4 * k_mib;
constexpr std::uint64_t k_list_limit = 4096;  // longer lists (vocabularies) are counted but not kept

enum class ValueType : std::uint32_t { u8, i8, u16, i16, u32, i32, f32, boolean, text, list, u64, i64, f64 };

// 0 for a type without a fixed size.
std::uint64_t size_of(ValueType type) {
  switch (type) {
    case ValueType::u8:
    case ValueType::i8:
    case ValueType::boolean:
      return 1;
    case ValueType::u16:
    case ValueType::i16:
      return 2;
    case ValueType::u32:
    case ValueType::i32:
    case ValueType::f32:
      return 4;
    case ValueType::u64:
    case ValueType::i64:
    case ValueType::f64:
      return 8;
    case ValueType::text:
    case ValueType::list:
      break;
  }
  return 0;
}

// Whole numbers and flags. A float has no value here, because nothing that is asked for is a float.
struct List {
  std::uint64_t count = 0;
  std::uint64_t longest = 0;           // bytes of its longest text
  std::vector<std::uint64_t> numbers;  // empty if the list is long or does not hold whole numbers
};
using Value = std::variant<std::monostate, std::uint64_t, std::string, List>;

// Floats and negative numbers give nothing (monostate).
Value value_of(ValueType type, std::uint64_t raw) {
  switch (type) {
    case ValueType::f32:
    case ValueType::f64:
      return {};
    case ValueType::i8:
    case ValueType::i16:
    case ValueType::i32:
    case ValueType::i64:
      if ((raw >> (8 * size_of(type) - 1)) != 0) return {};
      break;
    default:
      break;
  }
  return raw;
}

class Reader {
 public:
  Reader(const ReadAt& read, std::uint64_t file_size) : cursor_(read, file_size), file_size_(file_size) {}

  Result<GgufInfo> run() {
    EAI_CHECK(read_start());
    for (std::uint64_t i = 0; i < pairs_; ++i) EAI_CHECK(read_pair());
    EAI_CHECK(read_alignment());
    for (std::uint64_t i = 0; i < tensors_; ++i) EAI_CHECK(read_tensor());
    EAI_CHECK(place_tensors());
    EAI_CHECK(read_general());
    if (info_.is_projector) {
      EAI_CHECK(read_projector());
    } else {
      EAI_CHECK(read_model());
      EAI_CHECK(read_layers());
    }
    return std::move(info_);
  }

 private:
  Result<void> read_start();
  Result<void> read_pair();
  Result<Value> read_value(std::string_view key, ValueType type);
  Result<Value> read_list(std::string_view key);
  Result<ValueType> read_type(std::string_view key);
  Result<void> read_alignment();
  Result<void> read_tensor();
  Result<void> place_tensors();
  Result<void> read_general();
  void read_origin();
  Result<void> read_model();
  Result<void> read_layers();
  Result<void> read_projector();

  const Value* find(const std::string& key) const {
    const auto found = values_.find(key);
    return found == values_.end() ? nullptr : &found->second;
  }
  // 0 or "" if the key is absent. A key whose type is not what llama.cpp expects is an error there too.
  Result<std::uint64_t> number(const std::string& key) const;
  Result<std::string> text(const std::string& key) const;
  Result<std::vector<std::uint64_t>> numbers(const std::string& key) const;
  std::string of(std::string_view key) const { return info_.architecture + "." + std::string(key); }

  GgufCursor cursor_;
  std::uint64_t file_size_;
  std::uint64_t pairs_ = 0;
  std::uint64_t tensors_ = 0;
  std::uint64_t alignment_ = 32;
  std::map<std::string, Value> values_;
  std::unordered_set<std::string> tensor_names_;
  std::vector<std::uint64_t> offsets_;  // of the tensors, within the data
  GgufInfo info_;
};

Result<void> Reader::read_start() {
  std::uint8_t magic[4] = {};
  if (cursor_.left() < 24) return bad_gguf("it is only " + std::to_string(file_size_) + " bytes long");
  EAI_CHECK(cursor_.bytes(magic));
  if (std::memcmp(magic, "GGUF", 4) != 0) return bad_gguf("it does not begin with \"GGUF\"");
  EAI_TRY(std::uint32_t version, cursor_.u32());
  if (version != 0 && (version & 0xffffU) == 0) return bad_gguf("it is big endian");
  if (version != 2 && version != 3)
    return bad_gguf("its version is " + std::to_string(version) + "; only 2 and 3 can be read");
  EAI_TRY(tensors_, cursor_.u64());
  EAI_TRY(pairs_, cursor_.u64());
  // The shortest pair has 13 bytes, and the shortest tensor 24.
  if (tensors_ > k_tensors_limit || tensors_ > cursor_.left() / 24) {
    return bad_gguf("it claims " + std::to_string(tensors_) + " tensors");
  }
  if (pairs_ > k_pairs_limit || pairs_ > cursor_.left() / 13) {
    return bad_gguf("it claims " + std::to_string(pairs_) + " key-value pairs");
  }
  return {};
}

Result<ValueType> Reader::read_type(std::string_view key) {
  EAI_TRY(std::uint32_t code, cursor_.u32());
  if (code > static_cast<std::uint32_t>(ValueType::f64)) {
    return bad_gguf("the key " + quoted_key(key) + " has the unknown type " + std::to_string(code));
  }
  return static_cast<ValueType>(code);
}

Result<void> Reader::read_pair() {
  EAI_TRY(std::string key, cursor_.text(k_key_limit, "a key"));
  if (key.empty()) return bad_gguf("a key is empty");
  EAI_TRY(ValueType type, read_type(key));
  EAI_TRY(Value value, read_value(key, type));
  if (!values_.emplace(key, std::move(value)).second) return bad_gguf("the key " + quoted_key(key) + " appears twice");
  return {};
}

Result<Value> Reader::read_value(std::string_view key, ValueType type) {
  if (type == ValueType::list) return read_list(key);
  if (type == ValueType::text) {
    EAI_TRY(std::string text, cursor_.text(k_text_limit, "a text"));
    return Value(std::move(text));
  }
  EAI_TRY(std::uint64_t raw, cursor_.number(size_of(type)));
  return value_of(type, raw);
}

Result<Value> Reader::read_list(std::string_view key) {
  EAI_TRY(ValueType type, read_type(key));
  if (type == ValueType::list) return bad_gguf("the key " + quoted_key(key) + " holds a list of lists");
  List list;
  EAI_TRY(list.count, cursor_.u64());
  const std::uint64_t smallest = type == ValueType::text ? 8 : size_of(type);
  if (list.count > cursor_.left() / smallest) {
    return bad_gguf("the key " + quoted_key(key) + " claims a list of " + std::to_string(list.count) + " entries");
  }
  if (type == ValueType::text) {
    for (std::uint64_t i = 0; i < list.count; ++i) {
      EAI_TRY(std::uint64_t size, cursor_.u64());
      EAI_CHECK(cursor_.skip(size));
      list.longest = std::max(list.longest, size);
    }
    return Value(std::move(list));
  }
  if (list.count > k_list_limit) {
    EAI_CHECK(cursor_.skip(list.count * smallest));
    return Value(std::move(list));
  }
  for (std::uint64_t i = 0; i < list.count; ++i) {
    EAI_TRY(std::uint64_t raw, cursor_.number(smallest));
    const Value value = value_of(type, raw);
    // A negative number counts as 0, because files use it to say "none".
    if (type != ValueType::f32 && type != ValueType::f64) {
      list.numbers.push_back(std::holds_alternative<std::uint64_t>(value) ? std::get<std::uint64_t>(value) : 0);
    }
  }
  return Value(std::move(list));
}

Result<void> Reader::read_alignment() {
  if (find("general.alignment") == nullptr) return {};
  EAI_TRY(alignment_, number("general.alignment"));
  if (!std::has_single_bit(alignment_) || alignment_ > k_mib) {
    return bad_gguf("its alignment is " + std::to_string(alignment_) + ", which is not a power of two up to 1 MiB");
  }
  return {};
}

Result<void> Reader::read_tensor() {
  GgufTensor tensor;
  EAI_TRY(tensor.name, cursor_.text(k_tensor_name_limit, "a tensor's name"));
  if (!tensor_names_.insert(tensor.name).second)
    return bad_gguf("the tensor " + quoted_key(tensor.name) + " appears twice");
  EAI_TRY(std::uint32_t dimensions, cursor_.u32());
  if (dimensions > k_dimensions_limit) {
    return bad_gguf("the tensor " + quoted_key(tensor.name) + " has " + std::to_string(dimensions) + " dimensions");
  }
  std::uint64_t count = 1;
  for (std::uint32_t i = 0; i < dimensions; ++i) {
    EAI_TRY(std::uint64_t length, cursor_.u64());
    if (__builtin_mul_overflow(count, length, &count) || count > std::uint64_t{1} << 62) {
      return bad_gguf("the tensor " + quoted_key(tensor.name) + " is impossibly large");
    }
    tensor.shape.push_back(length);
  }
  EAI_TRY(tensor.type, cursor_.u32());
  const auto type = ggml_type(tensor.type);
  if (!type)
    return bad_gguf("the tensor " + quoted_key(tensor.name) + " has the unknown type " + std::to_string(tensor.type));
  const std::uint64_t row = tensor.shape.empty() ? 1 : tensor.shape[0];
  if (row % type->block_size != 0) {
    return bad_gguf("the tensor " + quoted_key(tensor.name) + " has rows of " + std::to_string(row) +
                    " numbers, which is not a whole number of " + std::string(type->name) + " blocks");
  }
  std::uint64_t size = 0;
  if (__builtin_mul_overflow(count / type->block_size, type->block_bytes, &size) || size > file_size_) {
    return bad_gguf("the tensor " + quoted_key(tensor.name) + " is larger than the file");
  }
  EAI_TRY(std::uint64_t offset, cursor_.u64());
  info_.parameters += count;
  info_.tensor_bytes += size;  // at most 2^17 tensors of at most the file's size
  tensor.range.end = size;
  offsets_.push_back(offset);
  info_.tensors.push_back(std::move(tensor));
  return {};
}

// Offsets count from the aligned end of the header. The tensors follow each other, each of them aligned.
Result<void> Reader::place_tensors() {
  const auto aligned = [this](std::uint64_t value) { return (value + alignment_ - 1) / alignment_ * alignment_; };
  info_.header_size = cursor_.position();
  if (info_.tensors.empty()) return {};
  info_.header_size = aligned(info_.header_size);
  std::uint64_t expected = 0;
  for (std::size_t i = 0; i < info_.tensors.size(); ++i) {
    GgufTensor& tensor = info_.tensors[i];
    if (offsets_[i] != expected) {
      return bad_gguf("the tensor " + quoted_key(tensor.name) + " lies at " + std::to_string(offsets_[i]) +
                      " instead of " + std::to_string(expected));
    }
    const std::uint64_t size = tensor.range.end;
    const std::uint64_t begin = info_.header_size + expected;
    if (begin > file_size_ || size > file_size_ - begin) {
      return bad_gguf("the tensor " + quoted_key(tensor.name) + " ends after the file's " + std::to_string(file_size_) +
                      " bytes; the file is cut off");
    }
    tensor.range = {begin, begin + size};
    expected += aligned(size);
  }
  return {};
}

Result<std::uint64_t> Reader::number(const std::string& key) const {
  const Value* value = find(key);
  if (value == nullptr) return 0;
  const auto* number = std::get_if<std::uint64_t>(value);
  if (number == nullptr) return bad_gguf("the key " + quoted_key(key) + " is not a number of at least 0");
  return *number;
}

Result<std::string> Reader::text(const std::string& key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::string();
  const auto* text = std::get_if<std::string>(value);
  if (text == nullptr) return bad_gguf("the key " + quoted_key(key) + " is not a text");
  return *text;
}

Result<std::vector<std::uint64_t>> Reader::numbers(const std::string& key) const {
  const Value* value = find(key);
  if (value == nullptr) return std::vector<std::uint64_t>();
  if (const auto* list = std::get_if<List>(value)) {
    if (list->numbers.size() != list->count)
      return bad_gguf("the key " + quoted_key(key) + " is not a short list of numbers");
    return list->numbers;
  }
  EAI_TRY(std::uint64_t one, number(key));
  return std::vector<std::uint64_t>{one};
}

// For people alone: what does not fit its type is as if it were absent.
void Reader::read_origin() {
  const auto words = [this](const std::string& key) {
    const Value* value = find(key);
    const auto* text = value == nullptr ? nullptr : std::get_if<std::string>(value);
    return text == nullptr ? std::string() : *text;
  };
  for (const char* key : {"general.license", "general.license.name", "general.license.link"})
    if (info_.license.empty()) info_.license = words(key);
  for (const char* key : {"general.source.url", "general.source.repo_url", "general.repo_url", "general.url"})
    if (info_.source.empty()) info_.source = words(key);
}

Result<void> Reader::read_general() {
  read_origin();
  EAI_TRY(info_.architecture, text("general.architecture"));
  EAI_TRY(info_.name, text("general.name"));
  EAI_TRY(info_.type, text("general.type"));
  EAI_TRY(info_.split_count, number("split.count"));
  EAI_TRY(info_.split_number, number("split.no"));
  EAI_TRY(info_.split_tensors, number("split.tensors.count"));
  const bool later_piece = info_.split_count > 1 && info_.split_number > 0;
  const bool no_model = !info_.type.empty() && info_.type != "model";
  if (info_.architecture.empty() && !later_piece && !no_model) return bad_gguf("it names no architecture");
  if (info_.split_count > 1 && info_.split_number >= info_.split_count) {
    return bad_gguf("it is the piece " + std::to_string(info_.split_number + 1) + " of " +
                    std::to_string(info_.split_count));
  }
  info_.is_projector = info_.architecture == "clip" || info_.type == "mmproj" || info_.type == "projector";

  EAI_TRY(std::uint64_t file_type, number("general.file_type"));
  constexpr std::uint64_t guessed = 1024;  // this bit says that the converter did not state the type
  if (find("general.file_type") != nullptr) info_.quantization = file_type_name(file_type & ~guessed);
  if (!info_.quantization.empty()) return {};
  std::map<std::uint32_t, std::uint64_t> bytes_of;
  for (const GgufTensor& tensor : info_.tensors) bytes_of[tensor.type] += tensor.range.size();
  const auto most = std::max_element(bytes_of.begin(), bytes_of.end(),
                                     [](const auto& a, const auto& b) { return a.second < b.second; });
  if (most != bytes_of.end()) info_.quantization = ggml_type(most->first)->name;
  return {};
}

Result<void> Reader::read_model() {
  EAI_TRY(info_.context_length, number(of("context_length")));
  EAI_TRY(info_.block_count, number(of("block_count")));
  EAI_TRY(info_.embedding_length, number(of("embedding_length")));
  EAI_TRY(info_.expert_count, number(of("expert_count")));
  EAI_TRY(std::vector<std::uint64_t> feed_forward, numbers(of("feed_forward_length")));
  if (!feed_forward.empty()) info_.feed_forward_length = *std::max_element(feed_forward.begin(), feed_forward.end());
  EAI_TRY(info_.chat_template, text("tokenizer.chat_template"));
  EAI_TRY(info_.vocabulary, number(of("vocab_size")));
  EAI_TRY(info_.tokenizer, text("tokenizer.ggml.model"));
  if (const Value* tokens = find("tokenizer.ggml.tokens"); tokens != nullptr) {
    const auto* list = std::get_if<List>(tokens);
    if (list != nullptr && info_.vocabulary == 0) info_.vocabulary = list->count;
    if (list != nullptr) info_.longest_token = list->longest;
  }
  if (find(of("pooling_type")) != nullptr) {
    EAI_TRY(std::uint64_t pooling, number(of("pooling_type")));
    if (pooling > std::numeric_limits<std::uint32_t>::max()) return bad_gguf("its pooling type is unknown");
    info_.pooling = static_cast<std::uint32_t>(pooling);
  }
  EAI_TRY(std::uint64_t causal, number(of("attention.causal")));
  info_.causal = find(of("attention.causal")) == nullptr || causal != 0;
  return {};
}

Result<void> Reader::read_layers() {
  GgufLayers& layers = info_.layers;
  EAI_TRY(std::vector<std::uint64_t> heads, numbers(of("attention.head_count")));
  if (!heads.empty()) info_.head_count = *std::max_element(heads.begin(), heads.end());
  EAI_TRY(layers.head_count_kv, numbers(of("attention.head_count_kv")));
  if (layers.head_count_kv.empty()) layers.head_count_kv = std::move(heads);
  EAI_TRY(layers.sliding_window_pattern, numbers(of("attention.sliding_window_pattern")));
  EAI_TRY(layers.recurrent_layers, numbers(of("attention.recurrent_layers")));

  const std::pair<std::uint64_t&, std::string_view> fields[] = {
      {layers.key_length, "attention.key_length"},
      {layers.value_length, "attention.value_length"},
      {layers.key_length_swa, "attention.key_length_swa"},
      {layers.value_length_swa, "attention.value_length_swa"},
      {layers.sliding_window, "attention.sliding_window"},
      {layers.shared_kv_layers, "attention.shared_kv_layers"},
      {layers.kv_lora_rank, "attention.kv_lora_rank"},
      {layers.key_length_mla, "attention.key_length_mla"},
      {layers.value_length_mla, "attention.value_length_mla"},
      {layers.rope_dimension, "rope.dimension_count"},
      {layers.ssm_conv_kernel, "ssm.conv_kernel"},
      {layers.ssm_inner_size, "ssm.inner_size"},
      {layers.ssm_state_size, "ssm.state_size"},
      {layers.ssm_time_step_rank, "ssm.time_step_rank"},
      {layers.ssm_group_count, "ssm.group_count"},
      {layers.shortconv_l_cache, "shortconv.l_cache"},
      {layers.wkv_head_size, "wkv.head_size"},
      {layers.token_shift_count, "token_shift_count"},
      {layers.full_attention_interval, "full_attention_interval"},
  };
  for (const auto& [field, key] : fields) {
    EAI_TRY(field, number(of(key)));
  }
  const std::uint64_t width = info_.head_count > 0 ? info_.embedding_length / info_.head_count : 0;
  if (find(of("attention.key_length")) == nullptr) layers.key_length = width;
  if (find(of("attention.value_length")) == nullptr) layers.value_length = width;
  return {};
}

Result<void> Reader::read_projector() {
  EAI_TRY(info_.projector_type, text("clip.projector_type"));
  if (info_.projector_type.empty()) {
    EAI_TRY(info_.projector_type, text("clip.vision.projector_type"));
  }
  EAI_TRY(std::uint64_t sees, number("clip.has_vision_encoder"));
  EAI_TRY(std::uint64_t hears, number("clip.has_audio_encoder"));
  info_.sees = sees != 0;
  EAI_TRY(info_.picture_side, number("clip.vision.image_size"));
  info_.tiles_pictures = find("clip.vision.image_grid_pinpoints") != nullptr;
  info_.hears = hears != 0;
  const std::string side = info_.sees || !info_.hears ? "clip.vision." : "clip.audio.";
  EAI_TRY(info_.projection_length, number(side + "projection_dim"));
  EAI_TRY(info_.embedding_length, number(side + "embedding_length"));
  EAI_TRY(info_.block_count, number(side + "block_count"));
  return {};
}

}  // namespace

Result<GgufInfo> read_gguf(const ReadAt& read, std::uint64_t file_size) { return Reader(read, file_size).run(); }

}  // namespace eai::model
