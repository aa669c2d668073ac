// Why: the unit of fetching: a run of bytes, what proves it, and who may have it. Today a part of an archive; a leaf of
// a UnixFS tree is the same with another proof's origin.
// Thread: one (the owner's).
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fetch/range_plan.h"
#include "ipld/cid.h"
#include "ipld/hash.h"
#include "util/file.h"

namespace eai::fetch {

struct Piece {
  ipld::Cid cid;          // what sources are asked for
  std::string name;       // for people
  ipld::Sha256 sha256{};  // of its bytes: the proof
  std::uint64_t size = 0;
  bool size_is_exact = true;  // else sources tell, and the hash decides
};

// What one source gave of a piece whose hash did not fit: compared with the truth as soon as it is there.
struct Suspect {
  int source = k_nobody;
  ByteRange range;
  ipld::Sha256 sha256{};
};

// A piece while it is in work.
struct PieceWork {
  explicit PieceWork(Piece of) : piece(std::move(of)) {}
  Piece piece;
  std::optional<RangePlan> plan;  // nothing while its size is unknown
  std::optional<int> size_from;   // the source that told the size
  fs::path path;                  // our file, or that of a block folder
  bool ours = true;
  std::shared_ptr<UniqueFd> file;
  std::vector<ByteRange> from_before;  // noted by an earlier run, not yet in the plan
  std::uint64_t generation = 0;        // of the hasher
  int next_folder = 0;                 // the first source that was not looked at as a folder
  bool begun = false;
  bool proven = false;
  int requests = 0;         // running
  std::optional<int> only;  // after a wrong hash: one source alone, so that blame is clear
  std::vector<Suspect> suspects;
  bool wants_bytes() const { return begun && !proven && !(plan && plan->complete()); }
};

}  // namespace eai::fetch
