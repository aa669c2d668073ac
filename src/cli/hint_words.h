// Why: the rooms below name a remedy as a Hint; this turns it into words for a shell, with the option to type.
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::cli {

// "use a smaller --zip-chunk-size"; empty for Hint::none.
std::string_view shell_words(Hint hint);

// The message, followed by what the user can do about it, with the name of the model that it is about.
std::string words_of(const Error& error);

// The same for something that is not an error: "1 hidden file is not sent (use …)".
std::string words_of_note(std::string_view text, Hint hint);

}  // namespace eai::cli
