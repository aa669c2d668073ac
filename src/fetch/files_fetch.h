// Why: a model of the format unixfs is fetched file by file, straight into the files that the store keeps.
// Thread: the owner's, that of download(). Helper: the fetcher's hashes.
// What holds: a file counts when the SHA-256 in the metadata fits all of it; a journal remembers what has arrived of
// each.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fetch/block_fetcher.h"
#include "fetch/resumed.h"
#include "store/store.h"

namespace eai::fetch {

class FilesFetch final : public BlockSink {
 public:
  explicit FilesFetch(Fetching of);
  ~FilesFetch() override;

  // The model's files, complete in the folder. After a failure the folder holds what the next run can use.
  Result<std::vector<store::StoredFile>> finish();

  Result<void> note(std::size_t piece, ByteRange range, Noted what) override;
  void take(std::size_t piece, Proven proven) override;

 private:
  Result<void> prepare();
  Result<void> check_space() const;
  Result<void> copy_block(std::size_t piece, const Proven& proven);
  void show();

  Fetching of_;
  std::vector<store::StoredFile> files_;  // of the metadata, in its order
  std::vector<bool> done_;
  Result<void> disk_;  // what went wrong while a block folder's file was copied
  std::optional<Journal> journal_;
  std::unique_ptr<BlockFetcher> fetcher_;
};

}  // namespace eai::fetch
