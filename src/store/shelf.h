// Why: what this machine shares lies in files, and a block of it is a range of one of them. A shelf finds it.
// Thread: one at a time. Calls block on the disk.
// What holds: what a shelf hands out was hashed since the shelf was opened, and again after its file was written to. It
// keeps its files open, so that a model may be removed or replaced while somebody reads a file of it. What was removed is
// handed out to nobody else; look_again() lets go of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "ipld/cid.h"
#include "store/archive_copy.h"
#include "store/store.h"
#include "util/placed_bytes.h"

namespace eai::store {

class Shelf {
 public:
  virtual ~Shelf() = default;
  // Code::not_found: it is not here; Code::corrupt: its bytes have changed on this disk.
  virtual Result<PlacedBytes> block(const ipld::Cid& cid) = 0;
  // The size of the file whose root this is, if its bytes lie here in one piece.
  virtual std::optional<std::uint64_t> file_size(const ipld::Cid& root) = 0;
  // What such a file has at `offset`, which is below its size: at least a byte, at most some MiB. A reader who holds what
  // it got last can go on although the file has been removed. Errors as block().
  virtual Result<PlacedBytes> file_part(const ipld::Cid& root, std::uint64_t offset) = 0;
  // Sees whether files were replaced or removed. False: nothing is left.
  virtual bool look_again() = 0;
  virtual std::uint64_t size() const = 0;  // bytes of content
};

// Of a model that came in the format unixfs, with its trees. Code::not_found if these are not kept; Code::unsupported if
// one of its blocks is larger than others take; Code::corrupt.
Result<std::unique_ptr<Shelf>> open_files_shelf(const Model& model);
// Of a model that came as an archive, whose parts are made again (archive_copy.h): all files are read and packed once, and
// every leaf once more when it is handed out. Errors as those of ArchiveCopy::make().
Result<std::unique_ptr<Shelf>> open_archive_shelf(const Model& model, const ArchiveCopy::Progress& progress,
                                                  const std::stop_token& stop);
// Of a CAR file: its blocks, and no files. Code::invalid or corrupt as ipld::CarIndex::read().
Result<std::unique_ptr<Shelf>> open_car_shelf(const fs::path& file);

}  // namespace eai::store
