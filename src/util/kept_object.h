// Why: what eai notes for itself is kept in small JSON files of the home, and each is read in the same careful way.
// Thread: any; it blocks on the disk.
#pragma once

#include <boost/json/object.hpp>

#include "util/file.h"

namespace eai {

// The object in the file; empty if there is no such file, it is damaged, too large, or not to be believed
// (util/own_folder.h).
boost::json::object read_kept_object(const fs::path& file, std::uint64_t limit);

}  // namespace eai
