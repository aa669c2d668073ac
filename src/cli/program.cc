#include "cli/program.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <string_view>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "util/error_map.h"
#include "util/folders.h"
#include "util/thread_crew.h"

namespace eai::cli {
namespace {

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--json") return true;
  }
  return false;
}

int end_with(Output& out, const Error& error) {
  int status = face_of(error.code).exit_status;
  out.error(error, status);
  return status;
}

Result<int> run_command(const Parsed& parsed, const Config& config, Output& out) {
  EAI_TRY(Folders folders, find_folders());
  Context context{parsed.words, config, folders, out, parsed.given};
  EAI_TRY(int status, parsed.command->run(context));
  EAI_CHECK(out.finish());
  return status;
}

}  // namespace

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::puts("eai " EAI_VERSION);
    return std::fflush(stdout) == 0 ? 0 : face_of(Code::io).exit_status;
  }
  // Before the configuration is read there is only argv to say how errors look.
  Output early({wants_json(argc, argv), false});
  auto parsed = parse_command_line(argc, argv, early.columns());
  if (!parsed) return end_with(early, parsed.error());
  if (parsed->command == nullptr) {
    std::fputs(parsed->help.c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : face_of(Code::io).exit_status;
  }
  auto folders = find_folders();
  if (!folders) return end_with(early, folders.error());
  auto config = load_config(folders->configuration / "config.toml", std::getenv, parsed->given);
  if (!config && parsed->command->mends_configuration) {
    const Error why = std::move(config).error();
    config = Config();
    config->output.json = early.json();
    early.warning(why);
  }
  if (!config) return end_with(early, config.error());
  Output out({config->output.json, config->output.quiet, config->output.plain});
  try {
    auto status = run_command(*parsed, *config, out);
    if (!status) return end_with(out, status.error());
    return *status;
  } catch (const std::exception& bug) {
    if (const auto shortage = shortage_of(bug)) return end_with(out, *shortage);
    std::fprintf(stderr, "eai: this is a bug in eai: %s\n", bug.what());
    return 1;
  }
}

}  // namespace eai::cli
