// Why: parts become the model's files while later parts still arrive, so that a part's space is free again soon.
// Thread: the owner calls; one helper thread reads, unpacks, writes and syncs.
// What holds: pieces are unpacked in order, each only after its hash fitted; a piece's file is deleted only when a
// checkpoint behind it is safe on disk. What was lost in between is unpacked again from the checkpoint, not fetched
// again. The file of a block folder is not deleted, and not hashed again either, unless it may have changed since it
// was proven.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "fetch/checkpoint.h"
#include "fetch/mailbox.h"
#include "fetch/wanted.h"
#include "model/unpack.h"

namespace eai::fetch {

// The files of a model, complete in its partial folder.
struct Fetched {
  std::vector<store::StoredFile> files;
  store::FileLeaves leaves = {};  // of each, if they were hashed and the model has no trees
};

// All pieces in front of this one are unpacked; or why unpacking has ended.
using UnpackMail = Mailbox<Result<std::size_t>>;

class UnpackWorker {
 public:
  // Goes on from the checkpoint in `folder` if there is a good one. A bad one, or files that do not fit it, are
  // removed, and all begins anew. Code::io if the disk fails.
  static Result<std::unique_ptr<UnpackWorker>> begin(const fs::path& folder, const model::UnpackRules& rules,
                                                     std::size_t pieces, UnpackMail& mail);
  // What an earlier run unpacked in this folder counts for nothing.
  static Result<void> forget(const fs::path& folder);
  ~UnpackWorker();  // stops after the bytes in hand
  UnpackWorker(const UnpackWorker&) = delete;
  UnpackWorker& operator=(const UnpackWorker&) = delete;

  // Pieces in front of it need not be fetched. As of begin(); later the mail tells.
  std::size_t first_piece() const { return first_; }
  void give(std::size_t piece, Proven proven);
  // After all pieces were reported unpacked: the archive's end is checked.
  Result<Fetched> finish();

 private:
  UnpackWorker(fs::path folder, const model::UnpackRules& rules, std::size_t pieces, UnpackMail& mail);
  Result<void> restore();
  void start_over();
  void run();
  Result<void> unpack(const Proven& piece);
  Result<void> settle(std::size_t next);

  fs::path folder_;
  model::UnpackRules rules_;
  std::size_t pieces_;
  UnpackMail& mail_;
  std::optional<ModelWriter> writer_;
  std::optional<model::Unpacker> unpacker_;
  std::size_t first_ = 0;
  std::vector<fs::path> spent_;  // unpacked, to be deleted behind the next checkpoint
  std::uint64_t since_checkpoint_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, Proven> given_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

}  // namespace eai::fetch
