// Why: what an earlier run left of a download is used again, whatever kind of model it is.
// Thread: any; it blocks on the disk.
#pragma once

#include <cstdint>
#include <vector>

#include "fetch/journal.h"
#include "fetch/wanted.h"
#include "model/metadata.h"

namespace eai::fetch {

// A part or a file of the metadata, whose bytes go to `file`.
Wanted wanted_of(const model::PartEntry& part, fs::path file);

// What an earlier run noted of a piece, as far as its file reaches.
std::vector<ByteRange> noted_ranges(const std::vector<JournalEntry>& entries, std::size_t index, const fs::path& path);

// How much room the files below the folder take on the disk. A file with holes takes less than its size.
std::uint64_t room_taken_by(const fs::path& folder);

}  // namespace eai::fetch
