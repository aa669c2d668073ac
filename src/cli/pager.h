// Why: a text that is longer than the screen is read page by page, in the program that its reader likes.
// Thread: the main one; blocks until the reader has left the pager.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::cli {

// `chosen` is the setting output.pager; if it is empty, $PAGER counts, and else less. Code::not_found: there is no such
// program, and the text has not been shown.
Result<void> show_in_pager(std::string_view text, std::string_view chosen);

}  // namespace eai::cli
