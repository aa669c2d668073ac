#include "cli/engines.h"

#include <cstdlib>

#include <unistd.h>

namespace eai::cli {
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

Result<fs::path> find_engine(const std::string& named, std::string_view key, std::string_view name,
                             const Folders& folders) {
  if (!named.empty()) {
    if (is_program(named)) return fs::absolute(named);
    return fail(Code::unsupported,
                std::string(key) + " names " + named + ", which is not a program (" + std::string(name) + ")");
  }
  fs::path own = folders.programs / name;
  return is_program(own) ? own : in_path(name);
}

}  // namespace

Result<Engines> find_engines(const EngineSettings& settings, const Folders& folders) {
  Engines out;
  EAI_TRY(out.llama_server, find_engine(settings.llama_server, "engines.llama_server", "llama-server", folders));
  EAI_TRY(out.image_engine, find_engine(settings.image_engine, "engines.image_engine", "eai-image-engine", folders));
  return out;
}

Result<void> check_engine_for(const Engines& engines, model::Task task) {
  bool image = task == model::Task::image_generation || task == model::Task::image_edit;
  if (image ? !engines.image_engine.empty() : !engines.llama_server.empty()) return {};
  return fail(Code::unsupported,
              image ? "the engine eai-image-engine is missing: build it with `make`, or name one with --image-engine, "
                      "EAI_IMAGE_ENGINE or engines.image_engine in config.toml"
                    : "the engine llama-server is missing: build it with `make`, or name one with --llama-server, "
                      "EAI_LLAMA_SERVER or engines.llama_server in config.toml");
}

}  // namespace eai::cli
