#include "store/gguf_file.h"

#include <fcntl.h>

#include "model/gguf.h"

namespace eai::store {

Result<void> check_gguf(const fs::path& path) {
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY));
  std::error_code error;
  std::uint64_t size = fs::file_size(path, error);
  if (error) return fail(Code::io, "reading " + path.string() + ": " + error.message());
  auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) { return read_at(fd.get(), offset, into); };
  auto info = model::read_gguf(read, size);
  if (!info) return Failure(std::move(info).error().with(path.filename().string()));
  return {};
}

}  // namespace eai::store
