#include "cli/pager.h"

#include "cli/child_program.h"

namespace eai::cli {

Result<void> show_in_pager(std::string_view text, std::string_view chosen) {
  std::vector<std::string> words = words_of_program(chosen);
  if (words.empty()) words = words_from_environment({"PAGER"}, "less");
  // Less shows colours, leaves the text on the screen, and does not stay for a text of one page.
  EAI_TRY(const int status, run_child({.words = std::move(words), .input = text, .variable = "LESS=FRX"}));
  (void)status;  // many pagers end with one of their own when their reader leaves early
  return {};
}

}  // namespace eai::cli
