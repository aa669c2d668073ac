// Why: what BlockFetcher knows of a piece while it works on it.
// Thread: one (the owner's).
#pragma once

#include <set>

#include "fetch/range_plan.h"
#include "fetch/wanted.h"
#include "ipld/hash.h"

namespace eai::fetch {

// What one source gave of a piece whose hash did not fit: compared with the truth as soon as that is known.
struct Suspect {
  int source = k_nobody;
  ByteRange range;
  ipld::Sha256 sha256{};
};

struct InWork {
  explicit InWork(Wanted of) : wanted(std::move(of)) {}
  Wanted wanted;
  std::optional<RangePlan> plan;            // nothing while its size is unknown
  std::optional<int> size_from;             // the source that told the size
  std::shared_ptr<UniqueFd> file;           // open for writing, or that of `block`
  std::optional<peers::FolderBlock> block;  // its bytes come from a block folder
  std::uint64_t generation = 0;             // of the hasher
  int next_folder = 0;                      // the first source that was not looked at as a folder
  bool begun = false;
  bool proven = false;
  int requests = 0;         // running
  std::optional<int> only;  // after a wrong hash: one source alone, so that blame is clear
  std::vector<Suspect> suspects;
  std::set<int> accused;  // sources that are banned for it, unless the metadata were wrong about its hash

  bool wants_bytes() const { return begun && !proven && !(plan && plan->complete()); }
  // Where in `file` the piece begins.
  std::uint64_t base() const { return block ? 0 : wanted.offset; }
};

}  // namespace eai::fetch
