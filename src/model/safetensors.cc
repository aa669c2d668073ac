#include "model/safetensors.h"

#include <algorithm>
#include <limits>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::model {
namespace {

namespace json = boost::json;

Failure bad(std::string what) { return fail(Code::invalid, "not a usable safetensors file: " + std::move(what)); }

// The bits of one number; 0 for a type that the format does not know.
std::uint64_t bits_of(std::string_view type) {
  if (type == "F64" || type == "I64" || type == "U64" || type == "C64") return 64;
  if (type == "F32" || type == "I32" || type == "U32") return 32;
  if (type == "F16" || type == "BF16" || type == "I16" || type == "U16") return 16;
  if (type == "BOOL" || type == "I8" || type == "U8" || type.starts_with("F8_")) return 8;
  if (type == "F4") return 4;
  return 0;
}

Result<std::uint64_t> number(const json::value& value, const std::string& what) {
  boost::system::error_code error;
  auto n = value.to_number<std::uint64_t>(error);
  if (error) return bad(what + " is not a whole number");
  return n;
}

// The bytes of a tensor of this shape. Fails instead of overflowing.
Result<std::uint64_t> size_of(const SafeTensor& tensor) {
  std::uint64_t bits = bits_of(tensor.type);
  if (bits == 0) return bad("the type of " + printable(tensor.name, 80) + " is unknown");
  for (std::uint64_t side : tensor.shape) {
    if (side != 0 && bits > std::numeric_limits<std::uint64_t>::max() / side)
      return bad("the shape of " + printable(tensor.name, 80) + " is too large");
    bits *= side;
  }
  return bits / 8;
}

Result<SafeTensor> read_tensor(std::string_view name, const json::value& value, std::uint64_t data_begin,
                               std::uint64_t file_size) {
  SafeTensor tensor;
  tensor.name = name;
  std::string called = printable(tensor.name, 80);
  const json::object* entry = value.if_object();
  const json::value* type = entry != nullptr ? entry->if_contains("dtype") : nullptr;
  const json::value* shape = entry != nullptr ? entry->if_contains("shape") : nullptr;
  const json::value* offsets = entry != nullptr ? entry->if_contains("data_offsets") : nullptr;
  if (type == nullptr || !type->is_string() || shape == nullptr || !shape->is_array() || offsets == nullptr ||
      !offsets->is_array() || offsets->get_array().size() != 2)
    return bad("the entry of " + called + " lacks type, shape or place");
  tensor.type = type->get_string();
  for (const json::value& side : shape->get_array()) {
    EAI_TRY(std::uint64_t n, number(side, "the shape of " + called));
    tensor.shape.push_back(n);
  }
  EAI_TRY(std::uint64_t begin, number(offsets->get_array()[0], "the place of " + called));
  EAI_TRY(std::uint64_t end, number(offsets->get_array()[1], "the place of " + called));
  if (begin > end || end > file_size - data_begin) return bad(called + " lies outside the file");
  EAI_TRY(std::uint64_t size, size_of(tensor));
  if (size != end - begin) return bad("the place of " + called + " does not match its shape");
  tensor.range = {data_begin + begin, data_begin + end};
  return tensor;
}

Result<json::object> parse_object(std::string_view text) {
  json::parse_options options;
  options.max_depth = 8;
  boost::system::error_code error;
  json::value value = json::parse(text, error, {}, options);
  if (error) return bad("the header is not JSON: " + error.message());
  if (!value.is_object()) return bad("the header is not a JSON object");
  return std::move(value.get_object());
}

}  // namespace

Result<std::vector<SafeTensor>> read_safetensors(const ReadAt& read, std::uint64_t file_size) {
  if (file_size < 10) return bad("it is too short");
  std::array<std::uint8_t, 8> head{};
  EAI_CHECK(read(0, head));
  std::uint64_t size = 0;
  for (std::size_t i = 8; i-- > 0;) size = size << 8 | head[i];
  if (size > file_size - 8) return bad("the header claims more than the file has");
  if (size > k_safetensors_header_limit) return bad("the header is larger than the format allows");
  std::string text(size, '\0');
  EAI_CHECK(read(8, {reinterpret_cast<std::uint8_t*>(text.data()), text.size()}));
  EAI_TRY(json::object header, parse_object(text));

  std::vector<SafeTensor> tensors;
  for (const auto& [name, value] : header) {
    if (name == "__metadata__") continue;
    EAI_TRY(SafeTensor tensor, read_tensor(name, value, 8 + size, file_size));
    tensors.push_back(std::move(tensor));
  }
  std::sort(tensors.begin(), tensors.end(), [](const SafeTensor& a, const SafeTensor& b) {
    return std::pair(a.range.begin, a.range.end) < std::pair(b.range.begin, b.range.end);
  });
  std::uint64_t at = 8 + size;
  for (const SafeTensor& tensor : tensors) {
    if (tensor.range.begin != at) return bad("there is a gap or an overlap before " + printable(tensor.name, 80));
    at = tensor.range.end;
  }
  if (at != file_size) return bad("there are bytes that belong to no tensor");
  return tensors;
}

Result<std::map<std::string, std::string>> parse_safetensors_index(std::string_view text) {
  EAI_TRY(json::object index, parse_object(text));
  const json::value* map = index.if_contains("weight_map");
  if (map == nullptr || !map->is_object()) return bad("the index has no weight_map");
  std::map<std::string, std::string> files;
  for (const auto& [name, file] : map->get_object()) {
    if (!file.is_string() || file.get_string().find('/') != json::string::npos || file.get_string().starts_with('.'))
      return bad("the index names a file that is not a plain name");
    files.emplace(name, std::string(file.get_string()));
  }
  return files;
}

}  // namespace eai::model
