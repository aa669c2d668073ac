// Why: a model's files are proven piece by piece, and there are two ways: as a whole, by a hash in the metadata
// (BlockFetcher), or leaf by leaf, by the tree of the file (LeafFetcher). Those who want pieces need not know which.
// Thread: the owner's, that of download().
#pragma once

#include <cstdint>

#include "fetch/wanted.h"
#include "util/result.h"

namespace eai::fetch {

// Called on the owner's thread, from within advance() and the destructor of a fetcher.
class BlockSink {
 public:
  enum class Noted { here, worthless };
  virtual ~BlockSink() = default;
  // These bytes of the piece now lie in its file; or what lies there is worth nothing. For a journal. Of a LeafFetcher
  // they are proven, and safe on the disk; of a BlockFetcher they are neither.
  virtual Result<void> note(std::size_t piece, ByteRange range, Noted what) = 0;
  // The whole piece is proven. Called once for each.
  virtual void take(std::size_t piece, Proven proven) = 0;
};

class PieceFetcher {
 public:
  virtual ~PieceFetcher() = default;

  // Works on the pieces [first, end), lower ones first: asks, then waits until something happens or a tenth of a second
  // has passed. Both bounds may only grow from call to call. Code::network when no source delivers a piece, or when the
  // network has been away too long and nothing comes from nearby; the message lists what each source did. Code::io for
  // our own disk.
  virtual Result<void> advance(std::size_t first, std::size_t end) = 0;

  virtual bool proven(std::size_t piece) const = 0;
  // What is here of it. Of a LeafFetcher it is proven.
  virtual std::uint64_t bytes_here(std::size_t piece) const = 0;
  // What this run took from other files on this disk, in all.
  virtual std::uint64_t bytes_copied() const { return 0; }
};

}  // namespace eai::fetch
