// [chat]: how `eai run` talks.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> chat_settings() {
  using S = ChatSettings;
  const Rows<S> in(&Config::chat);
  return {
      in.text("chat.system", "EAI_SYSTEM", "--system", &S::system,
              "Instructions for the model, before the first question", {.value_name = "TEXT"}),
      in.text("chat.temperature", "EAI_TEMPERATURE", "--temperature", &S::temperature,
              "How much chance there is in the answers; 0: none", {.value_name = "NUMBER", .usual = "the model's own"}),
      in.number("chat.max_tokens", "EAI_MAX_TOKENS", "--max-tokens", &S::max_tokens,
                "Longest answer, in tokens; 0: as long as the context allows", {.highest = 1'000'000'000}),
      in.flag("chat.think", "EAI_THINK", "--think,!--no-think", &S::think,
              "Show what the model thinks before it answers"),
      in.list("chat.pictures", "EAI_PICTURES", "--image", &S::pictures,
              "A picture that goes with the first question; may be repeated", {.value_name = "FILE"}),
      in.flag("chat.history", "EAI_HISTORY", "--history,!--no-history", &S::history,
              "Keep the lines that you type in a chat, in a file that only you can read"),
  };
}

}  // namespace eai::cli
