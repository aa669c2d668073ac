// Why: a model of the format unixfs is fetched straight into the files that the store keeps.
// Thread: the owner's, that of download(). Helpers: the fetcher's.
// What holds: where the trees of the files are known, they are fetched and proven leaf by leaf, and the SHA-256 in the
// metadata is taken as it is said there; a whole file that the store has is linked once its leaves are proven, and of a damaged
// one a clone that shares its blocks is mended, where the file system can do that. Otherwise a file counts when that hash
// fits all of it. A journal remembers what has arrived.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fetch/leaf_fetcher.h"
#include "fetch/local_copies.h"
#include "fetch/piece_fetcher.h"
#include "fetch/resumed.h"
#include "fetch/tree_fetch.h"
#include "store/store.h"

namespace eai::fetch {

class FilesFetch final : public BlockSink {
 public:
  // `trees`: of all files, if they are known; they must outlive this.
  FilesFetch(Fetching of, const Trees* trees);
  ~FilesFetch() override;

  // The model's files, complete in the folder. After a failure the folder holds what the next run can use.
  Result<std::vector<store::StoredFile>> finish();
  // How many bytes are to be fetched. Where trees are known, what is here is found, and nothing of it is written.
  Result<std::uint64_t> missing();

  Result<void> note(std::size_t piece, ByteRange range, Noted what) override;
  void take(std::size_t piece, Proven proven) override;

 private:
  Result<void> prepare(Effect effect);
  Result<void> look_here(std::vector<Wanted>& pieces, Effect effect);
  Result<bool> take_whole(const fs::path& file, std::size_t piece, Effect effect);
  Result<void> mend_a_clone(std::size_t piece, Wanted& wanted);
  Result<void> check_space() const;
  Result<void> copy_block(std::size_t piece, const Proven& proven);
  struct Count {
    std::uint64_t verified = 0, received = 0;
  };
  Count count() const;

  Fetching of_;
  std::vector<store::StoredFile> files_;  // of the metadata, in its order
  std::vector<bool> done_;
  std::shared_ptr<LocalFiles> local_;  // of the store, where trees are known
  std::uint64_t linked_ = 0;           // good bytes of files that are links to those, or share their blocks
  Result<void> disk_;                  // what went wrong while a block folder's file was copied
  std::optional<Journal> journal_;
  const Trees* trees_;
  std::unique_ptr<PieceFetcher> fetcher_;
  LeafFetcher* leaves_ = nullptr;  // it, where trees are known
};

}  // namespace eai::fetch
