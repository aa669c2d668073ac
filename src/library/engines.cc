#include "library/engines.h"

#include <cstdlib>

#include <unistd.h>

#include "util/text.h"

namespace eai::library {
namespace {

bool is_program(const fs::path& path) {
  std::error_code ignored;
  return fs::is_regular_file(path, ignored) && ::access(path.c_str(), X_OK) == 0;
}

fs::path in_path(std::string_view name) {
  const char* value = std::getenv("PATH");
  std::string_view rest = value == nullptr ? "" : value;
  while (!rest.empty()) {
    std::string_view folder = rest.substr(0, rest.find(':'));
    rest.remove_prefix(std::min(rest.size(), folder.size() + 1));
    // A relative entry would mean another program in every folder.
    if (folder.starts_with('/') && is_program(fs::path(folder) / name)) return fs::path(folder) / name;
  }
  return {};
}

Result<fs::path> find_engine(const std::string& named, std::string_view name, const Folders& folders) {
  if (!named.empty()) {
    if (is_program(named)) return fs::absolute(named);
    return fail(Code::unsupported, "the settings name " + printable(named, 4096) + " as " + std::string(name) +
                                       ", which is not a program");
  }
  fs::path own = folders.programs / name;
  return is_program(own) ? own : in_path(name);
}

}  // namespace

Result<Engines> find_engines(const EngineSettings& settings, const Folders& folders) {
  Engines out;
  EAI_TRY(out.llama_server, find_engine(settings.llama_server, "llama-server", folders));
  EAI_TRY(out.image_engine, find_engine(settings.image_engine, "eai-image-engine", folders));
  return out;
}

bool draws(model::Task task) { return task == model::Task::image_generation || task == model::Task::image_edit; }

Result<void> check_engine_for(const Engines& engines, model::Task task) {
  if (draws(task)) {
    if (!engines.image_engine.empty()) return {};
    return fail(Code::unsupported, "the engine eai-image-engine is missing", Hint::image_engine);
  }
  if (!engines.llama_server.empty()) return {};
  return fail(Code::unsupported, "the engine llama-server is missing", Hint::llama_engine);
}

}  // namespace eai::library
