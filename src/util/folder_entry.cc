#include "util/folder_entry.h"

#include <sys/stat.h>

#include "util/text.h"

namespace eai {

Result<EntryKind> entry_kind(const fs::path& path) {
  constexpr std::size_t k_shown = 400;
  const std::string name = printable(path.string(), k_shown);
  std::error_code error;
  const fs::file_status own = fs::symlink_status(path, error);
  if (error) return fail_errno("reading " + name, error.value());
  if (fs::is_regular_file(own)) return EntryKind::file;
  if (fs::is_directory(own)) return EntryKind::folder;
  if (!fs::is_symlink(own)) return fail(Code::invalid, name + " is neither a file nor a folder");

  std::error_code unknown;
  const std::string target = printable(fs::read_symlink(path, unknown).string(), k_shown);
  const fs::file_status there = fs::status(path, error);
  if (fs::is_regular_file(there)) return EntryKind::file;
  const std::string link = name + " is a link to " + target;
  if (there.type() == fs::file_type::not_found) {
    return fail(Code::invalid, link + ", which does not exist; remove the link, or put the file itself there");
  }
  if (error == std::errc::too_many_symbolic_link_levels) {
    return fail(Code::invalid, name + " is a link that leads back to itself; remove it, or put the file itself there");
  }
  if (error) return fail_errno("following the link " + name, error.value());
  if (fs::is_directory(there)) {
    return fail(Code::invalid,
                link + ", which is a folder; only links to files are followed, so put the folder itself there");
  }
  return fail(Code::invalid, link + ", which is neither a file nor a folder");
}

timespec modified_of(const struct stat& info) {
#ifdef __APPLE__
  return info.st_mtimespec;
#else
  return info.st_mtim;
#endif
}

}  // namespace eai
