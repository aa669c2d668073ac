// Why: what is preserved is in the local store at once, and what is already there tells what is new.
// Thread: the job's. Blocks on disk I/O.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "library/job.h"
#include "preserve/preserve.h"
#include "store/clone_file.h"
#include "util/folders.h"

namespace eai::library {

// The blocks of all models that are known here: by their lists, and by the trees of those in the store.
Result<preserve::Digests> known_blocks(const Folders& folders);

// Models that have neither a list of the blocks into which the format unixfs would cut them nor trees of this layout are
// read once, and get a list. Code::cancelled when stopped.
Result<void> list_blocks_of_store(const Folders& folders, model::Layout layout, unsigned threads, Feed& feed,
                                  const std::stop_token& stop);

// The store's model is the user's own files under a second name; a copy only where the file system has no links. Tells
// how the most expensive one of them was taken; nothing: the model was in the store already. Code::unsupported if a copy
// is needed and refused; Code::busy if a file has changed since it was hashed; Code::cancelled when stopped.
Result<std::optional<store::CloneWay>> take_into_store(const Folders& folders, const preserve::Folder& folder,
                                                       const preserve::Outcome& outcome, store::Copying copying,
                                                       Feed& feed, const std::stop_token& stop);

}  // namespace eai::library
