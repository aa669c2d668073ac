#include "library/doctor_machine.h"

#include <algorithm>
#include <utility>

#include <sys/stat.h>
#include <sys/statvfs.h>
#ifdef __linux__
#include <sys/vfs.h>
#else
#include <sys/mount.h>
#endif

#include "engine/brief_run.h"
#include "store/clone_file.h"
#include "util/own_folder.h"
#include "util/text.h"

namespace eai::library {
namespace {

fs::path existing(fs::path path) {
  std::error_code ignored;
  while (!fs::exists(path, ignored) && path.has_parent_path() && path != path.parent_path()) path = path.parent_path();
  return path;
}

#ifdef __linux__
// statfs(2), and the kernel's linux/magic.h.
constexpr std::pair<std::uint32_t, std::string_view> k_file_systems[] = {
    {0xef53, "ext4"},        {0x9123683e, "btrfs"}, {0x58465342, "XFS"},      {0x01021994, "tmpfs"},
    {0x794c7630, "overlay"}, {0x6969, "NFS"},       {0x2fc12fc1, "ZFS"},      {0x65735546, "FUSE"},
    {0xff534d42, "CIFS"},    {0xfe534d42, "SMB"},   {0x4d44, "FAT"},          {0x2011bab0, "exFAT"},
    {0xf2f52010, "F2FS"},    {0x01021997, "9P"},    {0xca451a4e, "bcachefs"}, {0x5346544e, "NTFS"}};
#endif

std::string file_system_of(const fs::path& folder) {
  struct statfs info {};
  if (::statfs(folder.c_str(), &info) != 0) return "";
#ifdef __linux__
  const auto magic = static_cast<std::uint32_t>(info.f_type);
  for (const auto& [number, name] : k_file_systems)
    if (number == magic) return std::string(name);
  return "";
#else
  return info.f_fstypename;
#endif
}

FolderFacts look_at(std::string_view role, const fs::path& path, Privacy privacy) {
  FolderFacts out{.role = role, .path = path, .state = {}};
  const auto opened = OwnFolder::open(path, privacy);
  out.exists = opened || opened.error().code != Code::not_found;
  if (out.exists && !opened) out.state = Failure(opened.error());
  return out;
}

EngineFacts look_at_engine(std::string_view program, const EngineSettings& one, const Folders& folders) {
  EngineFacts out{.program = program};
  const auto found = find_engines(one, folders);
  if (!found) {
    out.found = Failure(found.error());
    return out;
  }
  const engine::Programs programs = found->programs();
  out.found = programs.find(program)->second;
  if (!out.found->empty()) out.version = engine::version_of(*out.found);
  return out;
}

}  // namespace

std::vector<EngineFacts> look_at_engines(const EngineSettings& settings, const Folders& folders) {
  // One by one, so that a wrong name for one says nothing of the other.
  EngineSettings text, image;
  text.llama_server = settings.llama_server;
  image.image_engine = settings.image_engine;
  return {look_at_engine("llama-server", text, folders), look_at_engine("eai-image-engine", image, folders)};
}

MemoryFacts parse_meminfo(std::string_view text) {
  MemoryFacts out;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const auto take = [&](std::string_view name, std::uint64_t& into) {
      if (!line.starts_with(name)) return;
      std::string_view rest = line.substr(name.size());
      rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
      into = parse_u64(rest.substr(0, rest.find(' '))).value_or(0) * k_kib;
    };
    take("MemTotal:", out.total);
    take("MemAvailable:", out.available);
    take("SwapTotal:", out.swap);
    take("SwapFree:", out.swap_free);
  }
  return out;
}

MemoryFacts look_at_memory(const std::vector<engine::Device>& devices) {
  const auto text = read_file("/proc/meminfo", 64 * k_kib);
  MemoryFacts out = text ? parse_meminfo(text_of(*text)) : MemoryFacts();
  if (const auto membership = read_file("/proc/self/cgroup", 64 * k_kib))
    out.group_limit = engine::cgroup_limit("/sys/fs/cgroup", text_of(*membership));
  out.budget = engine::find_budget(devices);
  return out;
}

Result<DiskFacts> look_at_disk(const fs::path& home) {
  DiskFacts out;
  out.folder = existing(home);
  struct statvfs info {};
  if (::statvfs(out.folder.c_str(), &info) != 0) return fail_errno(out.folder.string(), errno);
  out.free = std::uint64_t{info.f_bavail} * info.f_frsize;
  out.total = std::uint64_t{info.f_blocks} * info.f_frsize;
  out.file_system = file_system_of(out.folder);
  out.shares_blocks = store::can_share_blocks(out.folder);
  return out;
}

std::vector<FolderFacts> look_at_folders(const Folders& folders) {
  return {look_at("models", folders.home, Privacy::open), look_at("sockets", folders.run, Privacy::secret),
          look_at("logs", folders.state, Privacy::secret)};
}

std::optional<std::int64_t> earliest_time(const Folders& folders) {
  struct stat info {};
  if (folders.program.empty() || ::stat(folders.program.c_str(), &info) != 0) return std::nullopt;
  return info.st_mtime;
}

}  // namespace eai::library
