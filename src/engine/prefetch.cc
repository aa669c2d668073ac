#include "engine/prefetch.h"

#include <fcntl.h>

#include "engine/llama_launch.h"

namespace eai::engine {

std::vector<fs::path> files_of(const ModelSpec& spec) {
  std::vector<fs::path> files;
  std::error_code error;
  if (fs::is_directory(spec.gguf, error)) {
    for (auto at = fs::recursive_directory_iterator(spec.gguf, error); !error && at != end(at); at.increment(error)) {
      std::error_code unreadable;
      if (at->is_regular_file(unreadable)) files.push_back(at->path());
    }
  } else {
    files = pieces_of(spec.gguf);
  }
  if (spec.projector) files.push_back(*spec.projector);
  for (const Adapter& adapter : spec.adapters) files.push_back(adapter.gguf);
  if (spec.draft) files.push_back(*spec.draft);
  return files;
}

void prefetch(const std::vector<fs::path>& files) {
  for (const fs::path& path : files) {
    [[maybe_unused]] const auto file = open_file(path, O_RDONLY);
#ifdef POSIX_FADV_WILLNEED
    if (file) ::posix_fadvise(file->get(), 0, 0, POSIX_FADV_WILLNEED);
#endif
  }
}

}  // namespace eai::engine
