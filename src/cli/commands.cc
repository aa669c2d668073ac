#include "cli/commands.h"

namespace eai::cli {
namespace {

using Keys = std::vector<std::string_view>;

Keys joined(Keys first, const Keys& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

}  // namespace

std::span<const Command> commands() {
  using Takes = Command::Takes;
  static const Keys output = {"output.json", "output.quiet"};
  static const std::vector<Command> table = {
      {"stop", "", "Stop the running server", Takes::nothing, "", output, model_stop},
      {"list", "ls", "List the models on this disk", Takes::nothing, "", joined({"list.all"}, output), model_list},
      {"check", "", "Read models again and compare them with what was verified", Takes::models,
       "Names or hashes; none: every model", output, model_check},
      {"remove", "rm", "Remove models and unfinished downloads", Takes::models, "Names or hashes",
       joined({"remove.force"}, output), model_remove},
      {"adopt", "", "Take over the models of a `llms-storage` folder without downloading them again", Takes::folder,
       "The folder (default: llms-storage)", output, model_adopt},
  };
  return table;
}

}  // namespace eai::cli
