// Why: tests of downloading and adopting need a file that is a GGUF, as small as they like. No engine ever opens it.
// Thread: any; this is a pure function.
#pragma once

#include <cstring>
#include <string>
#include <string_view>

#include "util/bytes.h"

namespace eai {

// A GGUF file that names its architecture and has one tensor of 8-bit numbers.
inline Bytes small_gguf(ByteView tensor, std::string_view architecture = "llama") {
  std::string out = "GGUF";
  const auto number = [&](auto value) {
    char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    out.append(bytes, sizeof value);
  };
  const auto text = [&](std::string_view value) {
    number(std::uint64_t{value.size()});
    out += value;
  };
  number(std::uint32_t{3});  // the version
  number(std::uint64_t{1});  // tensors
  number(std::uint64_t{1});  // key-value pairs
  text("general.architecture");
  number(std::uint32_t{8});  // a text
  text(architecture);
  text("weight");
  number(std::uint32_t{1});  // dimensions
  number(std::uint64_t{tensor.size()});
  number(std::uint32_t{24});  // I8
  number(std::uint64_t{0});   // where the tensor begins
  out.resize((out.size() + 31) / 32 * 32);
  Bytes file(out.begin(), out.end());
  file.insert(file.end(), tensor.begin(), tensor.end());
  return file;
}

}  // namespace eai
