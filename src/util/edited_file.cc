#include "util/edited_file.h"

#include <sys/stat.h>

namespace eai {
namespace {

constexpr std::uint64_t k_file_limit = k_mib;

}  // namespace

Result<std::string> read_edited(const fs::path& file) {
  auto bytes = read_file(file, k_file_limit);
  if (bytes) return std::string(text_of(*bytes));
  std::error_code error;
  if (!fs::exists(file, error) && !error) return std::string();
  return Failure(std::move(bytes).error());
}

Result<void> write_edited(const fs::path& file, const std::string& text, const Usable& usable) {
  EAI_CHECK(make_folders(file.parent_path(), 0700));
  TemporaryFolder trial;
  const fs::path copy = trial.path() / file.filename();
  EAI_CHECK(write_file_atomic(copy, view_of(text)));
  if (auto good = usable(copy); !good) {
    Error error = std::move(good).error();
    if (const auto at = error.message.find(copy.string()); at != std::string::npos)
      error.message.replace(at, copy.string().size(), file.string());
    return Failure(std::move(error).with("nothing was changed"));
  }
  struct stat info {};
  const unsigned mode = ::stat(file.c_str(), &info) == 0 ? info.st_mode & 0777U : 0600U;
  std::error_code none;
  const fs::path real = fs::is_symlink(file, none) ? fs::canonical(file, none) : file;
  return write_file_atomic(real.empty() ? file : real, view_of(text), mode);
}

}  // namespace eai
