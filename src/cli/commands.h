// Why: the commands of `eai`, one row each: its words, its options and its function.
// Thread: one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/config.h"
#include "cli/output.h"
#include "util/folders.h"
#include "util/result.h"

namespace eai::cli {

// What was typed, without options that are settings.
struct Words {
  std::vector<std::string> models;         // names or hashes; lists are already split
  std::vector<std::string> hashes;         // from --hash
  std::string folder;                      // for commands that take one
  std::vector<std::string> paths;          // for commands that take several
  std::string text;                        // the prompt of `eai image` and of `eai run`
  std::vector<std::string> list;           // the same, word for word
  int ready_fd = -1;                       // where a server in the background reports how its start went
  std::optional<std::string> json_fields;  // of --json=name,hash: what is behind =
  std::vector<std::string> all;            // as typed, without the program's name
};

struct Context {
  const Words& words;
  const Config& config;
  const Folders& folders;
  Output& out;
  Given given = {};  // what the command line set; needed to read the configuration again
};

struct Command {
  enum class Takes { nothing, models, folder, paths, text, model_and_text };

  std::string_view name;  // "run" of `eai model run`
  std::string_view alias;
  std::string_view help;
  Takes takes = Takes::nothing;
  std::string_view argument_help;
  std::vector<std::string_view> options;  // keys of settings
  // The exit status, or an error that the caller prints and turns into an exit status.
  Result<int> (*run)(Context&);
  bool top = false;  // `eai <name>` instead of `eai model <name>`
  // Runs even if the configuration cannot be used, to tell where it is or to mend it.
  bool mends_configuration = false;
  // `eai <short_word>` is the same command, for hands that know it from other programs.
  std::string_view short_word = {};

  // Whether the word means it: behind `eai`, or behind `eai model`.
  bool is_called(std::string_view word, bool at_top) const;
  std::string words() const;  // "eai model run"
  std::string page() const;   // "eai-model-run": of its manual, and of what it prints as JSON
};

std::span<const Command> commands();

Result<int> model_run(Context& context);
Result<int> model_serve(Context& context);
Result<int> model_stop(Context& context);
Result<int> model_ps(Context& context);
Result<int> model_show(Context& context);
Result<int> model_alias(Context& context);
Result<int> model_status(Context& context);
Result<int> model_download(Context& context);
Result<int> model_check(Context& context);
Result<int> model_repair(Context& context);
Result<int> model_export(Context& context);
Result<int> model_import(Context& context);
Result<int> model_seed(Context& context);
Result<int> model_list(Context& context);
Result<int> model_remove(Context& context);
Result<int> model_adopt(Context& context);
Result<int> model_preserve(Context& context);
Result<int> model_audit(Context& context);
Result<int> model_estimate(Context& context);
Result<int> model_logs(Context& context);
Result<int> worker(Context& context);
Result<int> image(Context& context);
Result<int> config(Context& context);
Result<int> jobs(Context& context);
Result<int> talk(Context& context);
Result<int> search(Context& context);
Result<int> bench(Context& context);
Result<int> doctor(Context& context);
Result<int> embed(Context& context);
Result<int> help(Context& context);
Result<int> completion(Context& context);

}  // namespace eai::cli
