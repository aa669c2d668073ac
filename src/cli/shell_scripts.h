// Why: what a shell has to be told, once, so that it asks eai what a word may become.
// Thread: any; constant data.
#pragma once

#include <optional>
#include <string_view>

namespace eai::cli {

// For "bash", "zsh" and "fish".
std::optional<std::string_view> completion_script(std::string_view shell);

}  // namespace eai::cli
