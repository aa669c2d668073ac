#include "util/folders.h"

#include <cstdlib>
#include <optional>
#include <vector>

#include <pwd.h>
#include <unistd.h>

#ifdef __APPLE__
#include <mach-o/dyld.h>
#endif

#include "util/own_folder.h"

namespace eai {
namespace {

// The value of a variable that is set and not empty; Code::invalid if it is not an absolute path.
Result<std::optional<fs::path>> path_from(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr || *value == '\0') return std::nullopt;
  fs::path path(value);
  if (!path.is_absolute()) {
    return fail(Code::invalid, std::string(variable) + "=" + value + " must be an absolute path");
  }
  return path;
}

// The user's own folder: $HOME, or what the system's list of users says, as shells and git do.
Result<fs::path> user_folder() {
  EAI_TRY(const auto set, path_from("HOME"));
  if (set) return *set;
  std::vector<char> room(16 * 1024);  // a line of the list may be long where it comes from a directory service
  passwd entry{};
  passwd* found = nullptr;
  while (::getpwuid_r(::getuid(), &entry, room.data(), room.size(), &found) == ERANGE && room.size() < k_mib)
    room.resize(room.size() * 2);
  if (found != nullptr && found->pw_dir != nullptr && fs::path(found->pw_dir).is_absolute())
    return fs::path(found->pw_dir);
  return fail(Code::invalid, "HOME is not set, and the system knows no home folder of user " +
                                 std::to_string(::getuid()) + "; set HOME or EAI_HOME to say where models are kept");
}

Result<fs::path> own_program() {
#ifdef __APPLE__
  std::string buffer(4096, '\0');
  auto size = static_cast<std::uint32_t>(buffer.size());
  if (_NSGetExecutablePath(buffer.data(), &size) != 0) return fail(Code::io, "the program's own path is too long");
  return fs::weakly_canonical(buffer.c_str());
#else
  std::error_code error;
  fs::path path = fs::read_symlink("/proc/self/exe", error);
  if (error) return fail(Code::io, "reading /proc/self/exe: " + error.message());
  return path;
#endif
}

}  // namespace

Result<Folders> find_folders() {
  Folders out;
  EAI_TRY(out.program, own_program());
  fs::path prefix = out.program.parent_path().parent_path();
  out.programs = prefix / "libexec" / "eai";
  out.shared = prefix / "share" / "eai";

  EAI_TRY(auto own, path_from("EAI_HOME"));
  if (own) {
    out.home = *own;
    out.run = *own / "run";
    out.state = *own / "logs";
    out.configuration = *own / "config";
    return out;
  }
  auto xdg = [&](const char* variable, const char* below_home) -> Result<fs::path> {
    EAI_TRY(auto set, path_from(variable));
    if (set) return *set / "eai";
    EAI_TRY(const fs::path user, user_folder());
    return user / below_home / "eai";
  };
#ifdef __APPLE__
  const char* data = "Library/Application Support";
#else
  const char* data = ".local/share";
#endif
  EAI_TRY(out.home, xdg("XDG_DATA_HOME", data));
  EAI_TRY(out.state, xdg("XDG_STATE_HOME", ".local/state"));
  EAI_TRY(out.configuration, xdg("XDG_CONFIG_HOME", ".config"));
  EAI_TRY(auto runtime, path_from("XDG_RUNTIME_DIR"));
  out.run = runtime ? *runtime / "eai" : out.home / "run";
  return out;
}

Result<fs::path> socket_folder(const fs::path& run) {
  constexpr std::size_t limit = 100, name = 20;  // bytes; sun_path holds 104 (macOS) or 108 (Linux)
  const bool fits = run.string().size() + name < limit;
  const auto number = std::hash<std::string>{}(run.string());
  const std::string short_name = "eai-" + std::to_string(::getuid()) + "-" + std::to_string(number);
  const auto made = OwnFolder::make(fits ? run : fs::path("/tmp") / short_name, Privacy::secret);
  if (made) return made->path();
  const std::string why = run.string() + " is too long a path for sockets";
  return Failure(fits ? made.error() : Error(made.error()).with(why));
}

}  // namespace eai
