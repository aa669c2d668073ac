#include "engine/locate.h"

#include <unistd.h>

#include "util/text.h"

namespace eai::engine {

namespace {

bool can_run(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

Result<fs::path> locate_engine(const EngineSearch& search) {
  if (!search.given.empty()) {
    std::error_code ignored;
    const fs::path path = fs::absolute(search.given, ignored);
    if (can_run(path)) return path;
    return fail(Code::unsupported, search.given_by + " names " + printable(search.given) + ", which is not a program that can be run");
  }
  if (const fs::path own = search.own_folder / search.program; !search.own_folder.empty() && can_run(own)) return own;
  std::string_view rest = search.search_path;
  while (!rest.empty()) {
    const auto colon = rest.find(':');
    const fs::path folder = rest.substr(0, colon);
    rest.remove_prefix(colon == std::string_view::npos ? rest.size() : colon + 1);
    // A relative folder would depend on where the user stands.
    if (folder.is_absolute() && can_run(folder / search.program)) return folder / search.program;
  }
  return fail(Code::unsupported, "no " + search.program + " was found beside eai (" + search.own_folder.string() +
                                     ") or on the path; build it with make, or name one with " + search.given_by);
}

}  // namespace eai::engine
