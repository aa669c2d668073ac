// Why: the fetching of one model's parts: which range is asked of whom, when; what is proven, who lied, what is next.
// Thread: the owner, that of download(). Helpers: one hashes, one unpacks.
// What holds: pieces are worked on in order, within a window that bounds the disk in use; a request's bytes go straight
// to the piece's file; journal and plan say what is there.
#pragma once

#include <map>
#include <memory>
#include <stop_token>
#include <vector>

#include "fetch/journal.h"
#include "fetch/piece.h"
#include "fetch/piece_hasher.h"
#include "fetch/progress.h"
#include "fetch/source_book.h"
#include "fetch/unpack_worker.h"
#include "http/client.h"
#include "model/metadata.h"

namespace eai::fetch {

class RangeRequest;

class Run {
 public:
  Run(ipld::Cid id, fs::path folder, const model::Metadata& metadata, SourceBook& book, const Options& options,
      Meter& meter, const std::stop_token& stop);
  ~Run();
  Run(const Run&) = delete;
  Run& operator=(const Run&) = delete;

  // The model's files, complete in the folder. After a failure the folder holds what the next run can use.
  Result<std::vector<store::StoredFile>> finish();

 private:
  friend class RangeRequest;
  using Requests = std::map<http::Transfers::Id, std::unique_ptr<RangeRequest>>;

  // run.cc: the loop, the window
  Result<void> prepare();
  Result<void> check_space() const;
  Result<void> begin(std::size_t index);
  bool take_from_folder(std::size_t index);
  Result<void> use_ours(std::size_t index);
  std::size_t window_end() const;
  Result<void> read_mail();
  void hashed(const HelperNews& news);
  Result<void> set_size(std::size_t index, std::uint64_t size, int source);
  void show(Clock::time_point now);

  // run_schedule.cc: whom to ask
  Result<void> schedule(Clock::time_point now);
  bool ask_for(std::size_t index, Clock::time_point now);
  Result<void> give_up_or_wait(std::size_t index) const;
  void steal(Clock::time_point now);
  void start(std::size_t index, int source, ByteRange range, bool ranged);
  std::uint64_t slice(int source) const;
  std::chrono::milliseconds time_to_wait(Clock::time_point now) const;

  // run_requests.cc: what came of it
  void arrived(std::size_t index, ByteRange range, int source);
  void worthless(std::size_t index, ByteRange range);
  void ended(RangeRequest& request, const Result<void>& outcome);
  void judge_end(RangeRequest& request, const Result<void>& outcome);
  void end_requests(const std::function<bool(const RangeRequest&)>& which);
  void keep_error(Result<void> result);

  // run_blame.cc: wrong bytes
  void wrong_bytes(std::size_t index);
  void suspect_all(std::size_t index, const std::vector<int>& givers);
  void compare_suspects(std::size_t index);
  void ban(int source, const std::string& why);
  void throw_away(std::size_t index);
  std::optional<int> alone_next(std::size_t index) const;

  ipld::Cid id_;
  fs::path folder_;
  const model::Metadata& metadata_;
  SourceBook& book_;
  const Options& options_;
  Meter& meter_;
  std::stop_token stop_;

  http::Transfers transfers_;
  HelperMail mail_;
  std::vector<PieceWork> pieces_;
  std::optional<Journal> journal_;
  Requests requests_;
  std::unique_ptr<UnpackWorker> unpacker_;
  std::unique_ptr<PieceHasher> hasher_;
  std::size_t first_ = 0;  // not unpacked yet
  std::uint64_t note_step_ = 0;
  Clock::time_point last_tick_{};
  bool unpacking_ = false;      // all is proven
  std::optional<Error> error_;  // of our own disk, or of the unpacking: ends the run
  std::optional<std::stop_callback<std::function<void()>>> wake_on_stop_;
};

}  // namespace eai::fetch
