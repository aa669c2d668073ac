// Why: if something cannot work at all, the user learns that before anything is packed or sent.
// Thread: one; these are pure functions.
#pragma once

#include <vector>

#include "preserve/preserve.h"

namespace eai::preserve {

// Code::invalid for sizes that a home, or the metadata, cannot take; the hint says what to change.
Result<void> check_sizes(const Folder& folder, const Options& options, const std::vector<Home*>& homes);

// Whatever will be written, every reader must be able to read. `draft`: the metadata without its files.
Result<void> check_draft(model::Metadata draft, const Folder& folder, const Options& options);

}  // namespace eai::preserve
