// Why: a long question, or the configuration, is written in the editor that its writer likes.
// Thread: the main one; blocks until the editor has ended.
// What holds: the text of edited_text() lies in a file of the run folder that only this user can read, and is removed
// afterwards.
#pragma once

#include <string>

#include "util/folders.h"
#include "util/result.h"

namespace eai::cli {

// With $VISUAL, else $EDITOR, else vi. Code::not_found: there is no such program; Code::io: it has failed.
Result<void> edit_file(const fs::path& file);
Result<std::string> edited_text(const Folders& folders, const std::string& text);

}  // namespace eai::cli
