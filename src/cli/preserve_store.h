// Why: what is preserved is in the local store at once, and what is there already tells what is new.
// Thread: one; blocks on disk I/O.
#pragma once

#include <stop_token>
#include <string>

#include "cli/commands.h"
#include "preserve/preserve.h"

namespace eai::cli {

// Models that came here in another way than by `preserve --format unixfs` have no list of such blocks yet: they are read
// once, and remembered. Code::cancelled when stopped.
Result<void> list_blocks_of_store(const Context& context, const preserve::Folder& folder, const std::stop_token& stop);

// The store's model is the user's own files under a second name; a copy only where the file system has no links. Tells
// how: "by hard link". Shows its progress. Code::cancelled when stopped.
Result<std::string> take_into_store(const Context& context, const preserve::Folder& folder,
                                    const preserve::Outcome& outcome, const std::stop_token& stop);

}  // namespace eai::cli
