#include "store/gguf_file.h"

#include <fcntl.h>

#include "model/gguf.h"
#include "store/file_names.h"

namespace eai::store {

GgufRole role_of(std::string_view stored_name) {
  return stored_name == k_projector_file ? GgufRole::projector : GgufRole::model;
}

Result<void> check_gguf(const fs::path& path, GgufRole role) {
  EAI_TRY(UniqueFd fd, open_file(path, O_RDONLY));
  std::error_code error;
  std::uint64_t size = fs::file_size(path, error);
  if (error) return fail(Code::io, "reading " + path.string() + ": " + error.message());
  auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) { return read_at(fd.get(), offset, into); };
  auto info = model::read_gguf(read, size);
  const std::string name = path.filename().string();
  if (!info) return Failure(std::move(info).error().with(name));
  if (info->is_projector && role == GgufRole::model) return fail(Code::invalid, name + " is a projector, not a model");
  if (!info->is_projector && role == GgufRole::projector) return fail(Code::invalid, name + " is not a projector");
  if (info->architecture.empty() && info->split_count < 2) return fail(Code::invalid, name + " is not a model");
  return {};
}

}  // namespace eai::store
