// Why: several settings, and comments, are easiest to change in an editor, and a slip there must not keep eai from
// starting.
// Thread: the main one; blocks until the editor has ended.
// What holds: the editor works on a draft beside config.toml, which only its owner can read. config.toml is replaced as
// a whole, by a text with which eai can start; until then the draft stays, and the next call goes on with it.
#pragma once

#include "cli/commands.h"

namespace eai::cli {

enum class Edit { changed, unchanged };

// On a terminal a text with a fault may be edited again. Code::invalid: it was not, and the message says where the draft
// is, or the draft that lies there is older than config.toml; Code::busy: another call edits, or config.toml was changed
// while the editor was open; otherwise as edit_file().
Result<Edit> edit_configuration(Context& context, const fs::path& file);

}  // namespace eai::cli
