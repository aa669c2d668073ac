// The header of a safetensors file, and which kind of model a folder with such a file is taken for.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "model/image_model.h"
#include "model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace eai;
  using namespace eai::model;
  ReadAt read = [data, size](std::uint64_t at, std::span<std::uint8_t> into) -> Result<void> {
    if (at > size || into.size() > size - at) __builtin_trap();  // it asked for bytes that do not exist
    std::copy_n(data + at, into.size(), into.data());
    return {};
  };
  if (size > 0) {
    (void)read_safetensors(read, size);
    (void)recognise_image_model({ImageFile{"a", size, read}}, "", Task::image_generation);
  }
  std::string_view text(reinterpret_cast<const char*>(data), size);
  (void)parse_safetensors_index(text);
  (void)parse_lora_folder(text);
  return 0;
}
