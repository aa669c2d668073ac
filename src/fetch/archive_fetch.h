// Why: a model kept as an archive becomes files: its parts are fetched, unpacked in order and deleted, so that the disk
// never holds much more than the model.
// Thread: the owner's, that of download(). Helpers: the fetcher's, and one unpacks.
// What holds: where the trees of the parts are known, the pieces are segments of 16 MiB, proven leaf by leaf; otherwise
// they are whole parts. Pieces are worked on within a window that bounds the disk in use; a journal remembers what has
// arrived of each, and a checkpoint what has been unpacked.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fetch/leaf_sink.h"
#include "fetch/piece_fetcher.h"
#include "fetch/resumed.h"
#include "fetch/tree_fetch.h"
#include "fetch/unpack_worker.h"

namespace eai::fetch {

class ArchiveFetch final : public BlockSink {
 public:
  // `trees`: of all files, if they are known; they must outlive this.
  ArchiveFetch(Fetching of, const Trees* trees);
  ~ArchiveFetch() override;

  // The model's files, complete in the folder. After a failure the folder holds what the next run can use.
  Result<Fetched> finish();
  // How many bytes are still to be fetched.
  Result<std::uint64_t> missing();

  Result<void> note(std::size_t piece, ByteRange range, Noted what) override;
  void take(std::size_t piece, Proven proven) override;

 private:
  void cut(const model::PartEntry& part, const std::shared_ptr<const ipld::LeafTable>& leaves);
  Result<void> forget_another_way(Journal::Kind kind);
  Result<void> prepare(Effect effect);
  Result<void> check_space() const;
  std::size_t window_end() const;
  Result<void> read_mail();
  struct Count {
    std::uint64_t verified = 0, received = 0;
  };
  Count count() const;
  void show();

  Fetching of_;
  std::vector<Wanted> pieces_;      // parts or segments that have bytes; named by their place here
  std::vector<Stretch> stretches_;  // the same, if they are segments
  UnpackMail mail_;
  std::optional<Journal> journal_;
  std::unique_ptr<UnpackWorker> unpacker_;
  std::unique_ptr<PieceFetcher> fetcher_;
  std::size_t first_ = 0;   // not unpacked yet
  bool unpacking_ = false;  // all is proven
};

}  // namespace eai::fetch
