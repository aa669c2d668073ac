// Why: an archive that eai packed is a stream of bytes that can be made again from the model's files, from any place on.
// Thread: pack() and the other const calls: any; the rest: one at a time.
// What holds: the files are those that were there at open(), and stay open.
#pragma once

#include <ctime>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "model/archive_writer.h"
#include "store/store.h"

namespace eai::store {

// The archive as one run of bytes: a head, packed blocks, a tail.
class ArchiveStream {
 public:
  // Code::unsupported if eai could not have packed files of these names; Code::corrupt if a file is not the one that was
  // stored.
  static Result<std::unique_ptr<ArchiveStream>> open(const Model& model);

  std::uint64_t raw_size() const { return plan_.size(); }
  std::size_t blocks() const;
  Result<void> pack(std::size_t block, model::PackedBlock& into) const;
  // Code::corrupt if a file was written to since open().
  Result<void> still_same() const;

  // What goes before the blocks. Then each block has to be noted once, in their order; end() is what goes behind them.
  const Bytes& head() const { return head_; }
  void note(const model::PackedBlock& block);
  const Bytes& end();

  // When all blocks are noted: any bytes of the stream. Code::corrupt as above.
  Result<void> read(std::uint64_t offset, std::span<std::uint8_t> into);

 private:
  struct Source {
    std::string name;  // in the store
    UniqueFd fd;
    std::uint64_t size = 0;
    timespec modified{};
    Result<void> still_same() const;
  };
  static Result<Source> open_source(const Model& model, const StoredFile& file);
  explicit ArchiveStream(model::TarPlan plan);
  Result<ByteView> bytes_at(std::uint64_t offset);

  model::TarPlan plan_;
  std::vector<Source> files_;  // as in the plan
  Bytes head_, tail_;
  std::vector<std::uint64_t> ends_;  // in the stream: of the head, then of each block
  model::GzipTail gzip_tail_;
  std::optional<std::size_t> kept_;  // the block that is in block_
  model::PackedBlock block_;
};

Failure not_reproducible();

}  // namespace eai::store
