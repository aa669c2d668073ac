// Why: with the tree of a file, a check can say which bytes of it changed, and all cores can work on it.
// Thread: the caller's, which also gets the progress; helpers read and hash.
// What holds: a leaf counts as good only if its bytes were read and hashed.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <stop_token>
#include <vector>

#include "ipld/leaf_table.h"
#include "util/file.h"

namespace eai::store {

// The leaves of the file that are not what its tree says, in their order; a file that is too short lacks its last ones.
// `progress` gets the bytes that were read since its last call. Code::io if the file cannot be opened, Code::cancelled if
// stopped, Code::busy if the system has no threads.
Result<std::vector<std::size_t>> find_damaged_leaves(const fs::path& file, const ipld::LeafTable& leaves,
                                                     const std::function<void(std::uint64_t)>& progress,
                                                     const std::stop_token& stop);

// Gives the file another name, `to`, by the cheapest way that works (clone_file.h), if its leaves are those. What is hashed
// is what gets the name, since others may put another file in the old place; until then it is `trial`, which is removed
// first. False: it is another file, or cannot be taken. Errors as above.
Result<bool> clone_if_whole(const fs::path& from, const fs::path& trial, const fs::path& to,
                            const ipld::LeafTable& leaves, const std::function<void(std::uint64_t)>& progress,
                            const std::stop_token& stop);

// Gives a damaged file's bytes another name, `to`, where they can be mended while the file stays as it is, and tells which
// leaves have to be: see find_damaged_leaves(). `share`: share_blocks() (clone_file.h); nothing, if it cannot. Until it is
// complete, the clone is `trial`, which must not exist. Errors as above.
using ShareBlocks = bool (*)(const fs::path& from, const fs::path& to);
Result<std::optional<std::vector<std::size_t>>> clone_to_mend(const fs::path& from, const fs::path& trial,
                                                              const fs::path& to, const ipld::LeafTable& leaves,
                                                              ShareBlocks share,
                                                              const std::function<void(std::uint64_t)>& progress,
                                                              const std::stop_token& stop);

}  // namespace eai::store
