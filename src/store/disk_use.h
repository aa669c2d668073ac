// Why: a person wants to know what models take on the disk, and what would be free if one of them went. Files that are
// linked, or share their blocks with others, do not simply add up.
// Thread: any; one tally has one owner. Blocks on the disk: it looks at each file and reads none.
// What holds: a file that cannot be looked at counts as nothing.
#pragma once

#include <cstdint>
#include <set>
#include <utility>

#include "store/store.h"

namespace eai::store {

struct DiskUse {
  std::uint64_t bytes = 0;  // that its files take, documents and trees included
  // Those of them that would be free without the model: not what has another name somewhere (a hard link), nor blocks
  // that a copy shares.
  std::uint64_t frees = 0;
};

class DiskTally {
 public:
  DiskUse add(const Model& model);
  // What all models together take. A file with several names counts once.
  std::uint64_t bytes() const { return bytes_; }

 private:
  void add_file(const fs::path& file, DiskUse& to);
  std::uint64_t bytes_ = 0;
  std::set<std::pair<std::uint64_t, std::uint64_t>> seen_;  // device and number of files with several names
};

}  // namespace eai::store
