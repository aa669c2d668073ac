// Why: the parts of an archive are deleted when the model is unpacked. Packing its files once more gives the same bytes if
// eai packed them, so that others can be given these parts although only the files are kept.
// Thread: make() uses helpers and blocks its caller; the const calls are for any thread, read() for one at a time.
// What holds: every part was made once, and its bytes matched the CID in the metadata. The files stay open, so that a model
// that is removed or replaced goes on being readable. For each MiB of the files 8 bytes are kept, and 48 for each leaf.
// Source: model/archive_writer.h, whose stored blocks are the same everywhere; deflated ones need the same version of ISA-L
// on the same kind of processor.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <stop_token>
#include <vector>

#include "ipld/tree_walk.h"
#include "store/store.h"

namespace eai::store {

class ArchiveStream;

class ArchiveCopy {
 public:
  using Progress =
      std::function<void(std::uint64_t done, std::uint64_t total)>;  // bytes of the files, headers included

  // Packs the model's files on all cores, with some MiB of memory. Code::unsupported if the parts do not come out as the
  // metadata names them, or are cut into leaves in a way that no known profile has; Code::corrupt if a file is not the
  // one that was stored, or changes now; Code::busy if the system has no threads; Code::cancelled.
  static Result<ArchiveCopy> make(const Model& model, const Progress& progress, const std::stop_token& stop);
  ArchiveCopy(ArchiveCopy&&) noexcept;
  ArchiveCopy& operator=(ArchiveCopy&&) noexcept;
  ~ArchiveCopy();

  // In the order of the metadata's files.
  std::size_t parts() const { return parts_.size(); }
  const ipld::Cid& cid(std::size_t part) const { return parts_[part].cid; }
  std::uint64_t size(std::size_t part) const { return parts_[part].size; }
  const ipld::LeafTable& leaves(std::size_t part) const { return parts_[part].leaves; }
  // The blocks above the leaves, the root first.
  const std::vector<ipld::Block>& tree_blocks(std::size_t part) const { return parts_[part].inner; }

  // Bytes of a part, which `into` must not exceed. Packs only the blocks that it needs, of which the last one is kept.
  // Nothing is hashed here: whoever gives the bytes on proves them first. Code::corrupt if a file was written to since
  // make().
  Result<void> read(std::size_t part, std::uint64_t offset, std::span<std::uint8_t> into);

 private:
  class Making;
  struct Part {
    ipld::Cid cid;
    std::uint64_t begin = 0, size = 0;  // in the stream
    ipld::LeafTable leaves;
    std::vector<ipld::Block> inner;
  };
  explicit ArchiveCopy(std::unique_ptr<ArchiveStream> stream);
  std::unique_ptr<ArchiveStream> stream_;
  std::vector<Part> parts_;
};

}  // namespace eai::store
