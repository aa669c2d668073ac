// Why: a model kept as an archive becomes files: its parts are fetched, unpacked in order and deleted, so that the disk
// never holds much more than the model.
// Thread: the owner's, that of download(). Helpers: the fetcher's hashes, and one unpacks.
// What holds: parts are worked on within a window that bounds the disk in use; a journal remembers what has arrived of
// each, and a checkpoint what has been unpacked.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fetch/block_fetcher.h"
#include "fetch/resumed.h"
#include "fetch/unpack_worker.h"

namespace eai::fetch {

class ArchiveFetch final : public BlockSink {
 public:
  explicit ArchiveFetch(Fetching of);
  ~ArchiveFetch() override;

  // The model's files, complete in the folder. After a failure the folder holds what the next run can use.
  Result<std::vector<store::StoredFile>> finish();

  Result<void> note(std::size_t piece, ByteRange range, Noted what) override;
  void take(std::size_t piece, Proven proven) override;

 private:
  Result<void> prepare();
  Result<void> check_space() const;
  std::size_t window_end() const;
  Result<void> read_mail();
  void show();

  Fetching of_;
  std::vector<model::PartEntry> parts_;  // those that have bytes; a piece is named by its place here
  UnpackMail mail_;
  std::optional<Journal> journal_;
  std::unique_ptr<UnpackWorker> unpacker_;
  std::unique_ptr<BlockFetcher> fetcher_;
  std::size_t first_ = 0;   // not unpacked yet
  bool unpacking_ = false;  // all is proven
};

}  // namespace eai::fetch
