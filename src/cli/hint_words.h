// Why: the lower rooms name a remedy as a Hint; here it becomes words that fit a shell, with the option to type.
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::cli {

// "use a smaller --zip-chunk-size"; empty for Hint::none.
std::string_view shell_words(Hint hint);

// The message, and what can be done about it.
std::string words_of(const Error& error);

}  // namespace eai::cli
