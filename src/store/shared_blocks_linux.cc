#include <array>
#include <cstddef>

#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <sys/ioctl.h>
#include <sys/vfs.h>

#include "store/shared_blocks.h"

namespace eai::store {
namespace {

constexpr std::uint32_t k_at_once = 128;
constexpr std::uint32_t k_xfs = 0x58465342, k_bcachefs = 0xca451a4e;

// Only these have reflinks, and only they say which blocks are shared; others would be asked in vain.
bool may_share(int fd) {
  struct statfs info {};
  if (::fstatfs(fd, &info) != 0) return false;
  const auto kind = static_cast<std::uint32_t>(info.f_type);
  return kind == BTRFS_SUPER_MAGIC || kind == k_xfs || kind == k_bcachefs;
}

}  // namespace

std::uint64_t shared_blocks(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!fd || !may_share(fd.get())) return 0;
  std::uint64_t shared = 0;
  alignas(fiemap) std::array<std::byte, sizeof(fiemap) + k_at_once * sizeof(fiemap_extent)> room{};
  auto* map = reinterpret_cast<fiemap*>(room.data());
  for (std::uint64_t at = 0;;) {
    map->fm_mapped_extents = 0;
    map->fm_start = at;
    map->fm_length = FIEMAP_MAX_OFFSET - at;
    map->fm_extent_count = k_at_once;
    if (::ioctl(fd.get(), FS_IOC_FIEMAP, map) != 0 || map->fm_mapped_extents == 0) return shared;
    for (std::uint32_t i = 0; i < map->fm_mapped_extents; ++i) {
      const fiemap_extent& extent = map->fm_extents[i];
      if ((extent.fe_flags & FIEMAP_EXTENT_SHARED) != 0) shared += extent.fe_length;
      if ((extent.fe_flags & FIEMAP_EXTENT_LAST) != 0) return shared;
      at = extent.fe_logical + extent.fe_length;
    }
  }
}

}  // namespace eai::store
