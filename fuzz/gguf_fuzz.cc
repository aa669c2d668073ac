// A GGUF file from anyone: nothing crashes, nothing outside the file is read, and the reported tensors lie inside it.
#include <cstdlib>
#include <cstring>

#include "model/gguf.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const eai::model::ReadAt read = [&](std::uint64_t offset, std::span<std::uint8_t> into) -> eai::Result<void> {
    if (offset > size || into.size() > size - offset) std::abort();
    std::memcpy(into.data(), data + offset, into.size());
    return {};
  };
  const auto info = eai::model::read_gguf(read, size);
  if (!info) return 0;
  std::uint64_t end = info->header_size;
  for (const auto& tensor : info->tensors) {
    if (tensor.range.begin < end || tensor.range.end < tensor.range.begin || tensor.range.end > size) std::abort();
    end = tensor.range.end;
  }
  return 0;
}
