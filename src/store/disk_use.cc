#include "store/disk_use.h"

#include <algorithm>

#include <sys/stat.h>

#include "store/shared_blocks.h"

namespace eai::store {

DiskUse DiskTally::add(const Model& model) {
  DiskUse out;
  add_file(model.folder / k_metadata_file, out);
  add_file(model.folder / k_manifest_file, out);
  for (const StoredFile& file : model.files) add_file(model.folder / file.name, out);
  if (model.trees)
    for (const StoredFile& file : *model.trees) add_file(model.folder / file.name, out);
  if (model.leaves) add_file(model.folder / model.leaves->name, out);
  return out;
}

void DiskTally::add_file(const fs::path& file, DiskUse& to) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return;
  constexpr std::uint64_t k_block = 512;  // POSIX leaves it open; Linux and macOS count in these
  const std::uint64_t bytes = static_cast<std::uint64_t>(info.st_blocks) * k_block;
  to.bytes += bytes;
  if (info.st_nlink > 1) {
    if (seen_.emplace(info.st_dev, info.st_ino).second) bytes_ += bytes;
    return;
  }
  bytes_ += bytes;
  to.frees += bytes - std::min(bytes, shared_blocks(file));
}

}  // namespace eai::store
