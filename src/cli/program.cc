#include "cli/program.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <string_view>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/json_schema.h"
#include "cli/manual.h"
#include "cli/output.h"
#include "util/error_map.h"
#include "util/folders.h"
#include "util/thread_crew.h"

namespace eai::cli {
namespace {

bool wants_json(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "--json" || word.starts_with("--json=")) return true;
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

namespace {

// What other programs of this project ask for; nobody types it.
std::optional<int> run_hidden(int argc, char** argv) {
  const std::string_view word = argc > 1 ? argv[1] : "";
  if (word == "__complete") return complete({argv + 2, argv + argc});
  if (word != "__manual" || argc != 3) return std::nullopt;
  const auto written = write_manual(argv[2]);
  Output out({});
  return written ? 0 : end_with(out, written.error());
}

// Before the configuration is read there is only argv to say how errors look.
Result<Config> read_configuration(const Parsed& parsed, Output& early) {
  EAI_TRY(const Folders folders, find_folders());
  auto config = load_config(folders.configuration / "config.toml", std::getenv, parsed.given);
  if (config || !parsed.command->mends_configuration) return config;
  early.warning(config.error());
  Config usual;
  usual.output.json = early.json();
  return usual;
}

Result<Output::Options> output_options(const Parsed& parsed, const Config& config) {
  Output::Options out{config.output.json, config.output.quiet, config.output.plain, {}, config.output.pager};
  if (!parsed.words.json_fields) return out;
  EAI_TRY(out.pick, pick_of(*parsed.command, *parsed.words.json_fields));
  return out;
}

}  // namespace

int run(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "--version") {
    std::puts("eai " EAI_VERSION);
    return std::fflush(stdout) == 0 ? 0 : face_of(Code::io).exit_status;
  }
  if (const auto status = run_hidden(argc, argv)) return *status;
  Output early({wants_json(argc, argv), false});
  auto parsed = parse_command_line(argc, argv, early.columns());
  if (!parsed) return end_with(early, parsed.error());
  if (parsed->command == nullptr) {
    std::fputs(parsed->help.c_str(), stdout);
    return std::fflush(stdout) == 0 ? 0 : face_of(Code::io).exit_status;
  }
  auto config = read_configuration(*parsed, early);
  if (!config) return end_with(early, config.error());
  auto options = output_options(*parsed, *config);
  if (!options) return end_with(early, options.error());
  Output out(*std::move(options));
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
