// Why: a file whose tree is known can come from anybody, leaf by leaf: what an earlier run left, block folders, ranges of
// the file, single blocks. This decides who is asked for which leaves, and who lied.
// Thread: the owner's; helpers hash and write (leaf_sink.h).
// What holds:
// - what lies on this disk, in whatever file, is not asked for (local_copies.h);
// - a leaf is proven before it is written, and each has one giver, so that blame is exact: a source that sent wrong
//   bytes is not used again in this run;
// - a source is asked for ranges of the file first, and for single blocks when it refuses those. One that ignores ranges
//   and has no blocks is read from the beginning;
// - while a request brings no byte for 3 s, its leaves are asked for elsewhere. When nothing is left to ask for, what the
//   slowest requests still owe is asked for twice, and half a second of silence is enough;
// - what is proven and safe on the disk is noted (BlockSink::note), every 2 s or 256 MiB; what a kill left without a note is
//   hashed, not fetched again.
#pragma once

#include <array>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "fetch/leaf_sink.h"
#include "fetch/piece_fetcher.h"
#include "peers/gateway_client.h"

namespace eai::fetch {

using peers::Clock;

class LeafRequest;

// As sources of a leaf: the file that grows, and another one of the store, of which the copies are counted from here down.
inline constexpr int k_own_file = -1, k_first_copy = -2;

inline constexpr std::size_t k_open_files = 32;  // above it, complete ones are synced and closed

// What an error is about if the leaves are not what their parents say, so that only the whole file can be proven. Its code
// is Code::unsupported.
inline constexpr std::string_view k_tree = "tree";

class LeafFetcher final : public PieceFetcher {
 public:
  // `here`: per stretch, what an earlier run noted of its file. Code::busy: the system has no threads.
  static Result<std::unique_ptr<LeafFetcher>> start(std::vector<Stretch> stretches,
                                                    std::vector<std::vector<ByteRange>> here,
                                                    peers::GatewayClient& client, BlockSink& sink,
                                                    Effect effect = Effect::written);
  ~LeafFetcher() override;
  LeafFetcher(const LeafFetcher&) = delete;

  // A piece is a stretch.
  Result<void> advance(std::size_t first, std::size_t end) override;
  bool proven(std::size_t stretch) const override { return works_[stretch].left == 0; }
  std::uint64_t bytes_here(std::size_t stretch) const override;
  std::uint64_t bytes_copied() const override { return copied_; }

  // With Effect::found nothing is asked for except the beginnings that LocalCopies wants to see, and what lies in other
  // files is noted nowhere. Whether all places on this disk were searched for the stretch:
  bool is_searched(std::size_t stretch) const;
  // How many bytes are in none of them, those that were asked for all the same included. The stretch is not worked on any
  // more.
  std::uint64_t end_search(std::size_t stretch);

 private:
  friend class LeafRequest;
  enum class State : std::uint8_t { missing, asked, in_sink, done };
  // Where a leaf is looked for before anybody is asked, one after the other.
  enum class Place : std::uint8_t { own_file, copies, folders };
  struct Nearby {
    std::size_t leaf = 0;
    Place place = Place::own_file;
    std::size_t from = 0;  // which of the copies, or of the sources, is next
  };
  // How often a guess was right.
  struct Tried {
    std::size_t hits = 0, misses = 0;
    bool is_hopeless() const { return hits == 0 && misses >= 64; }
  };
  // What may be the file that a stretch is of.
  struct Whole {
    std::shared_ptr<UniqueFd> file;
    int source = 0;
    std::uint64_t offset = 0;
  };
  struct Work {
    std::vector<State> leaves;  // of the stretch, from its first
    std::size_t lowest = 0;     // none below it is missing
    std::size_t left = 0;       // not done
    std::uint64_t verified = 0;
    bool begun = false;
    bool is_open = false;
    bool taken = false;
    bool given_up = false;                     // end_search()
    std::array<Tried, k_most_copies> tried{};  // copies, by their number
    std::uint64_t fetched = 0;                 // bytes
    std::deque<Nearby> nearby;
    std::vector<Nearby> later;       // until the file's beginning tells where copies may lie
    std::set<int> givers;            // sources that gave a leaf of it
    std::vector<ByteRange> unnoted;  // of the stretch's file: proven and written
    std::vector<Whole> wholes;       // on this disk
    std::vector<bool> from_whole;    // by leaf: whether it was last taken from one of these; empty: none was
  };
  // What a source gave for a wrapped leaf and that did not fit. The leaf is asked for as a block then.
  struct Doubt {
    int source = 0;
    ipld::Sha256 given{};
  };
  enum class Way : std::uint8_t { ranges, blocks, whole };  // how a source is asked
  struct Manner {
    Way way = Way::ranges;
    bool ignores_ranges = false;
    int refusals = 0;  // of single blocks, in a row
    std::uint64_t proven = 0;
  };
  using Requests = std::map<peers::GatewayClient::Id, std::unique_ptr<LeafRequest>>;

  LeafFetcher(std::vector<Stretch> stretches, std::vector<std::vector<ByteRange>> here, peers::GatewayClient& client,
              BlockSink& sink, Effect effect);
  peers::SourceBook& book() { return client_.book(); }
  const peers::SourceBook& book() const { return client_.book(); }
  State& state(std::size_t stretch, std::size_t leaf) {
    return works_[stretch].leaves[leaf - stretches_[stretch].first];
  }
  void set_missing(std::size_t stretch, std::size_t leaf);
  bool is_asked(std::size_t stretch, std::size_t leaf) const;

  // leaf_fetcher_nearby.cc: what is on this disk
  Result<void> begin(std::size_t stretch);
  std::vector<Whole> find_wholes(const Stretch& stretch) const;
  void look_nearby(std::size_t stretch);
  bool try_copy(std::size_t stretch, std::size_t leaf, std::size_t copy);
  bool try_folders(std::size_t stretch, std::size_t leaf, std::size_t from);
  void put_off(std::size_t stretch);
  void see_beginning(std::size_t stretch);
  void is_not_there(const LeafNews& news);

  // leaf_fetcher.cc: what comes of it
  void read_mail();
  void read(LeafNews news);
  void done(const LeafNews& news);
  void note_later(Work& work, ByteRange place);
  void wrong(const LeafNews& news);
  void close(std::size_t stretch);
  void note_what_is_synced();
  void sync(Clock::time_point now);
  void has_another_file(int source, std::size_t stretch);
  void finish_stretch(std::size_t stretch);

  // leaf_fetcher_schedule.cc: whom to ask
  Result<void> schedule(Clock::time_point now);
  bool ask_for(std::size_t stretch, Clock::time_point now);
  Way way_for(int source, std::size_t stretch, std::size_t leaf) const;
  void start_request(std::size_t stretch, int source, Way way, std::size_t first, std::size_t end);
  std::uint64_t slice(int source) const;
  void release_what_stalls(Clock::time_point now);
  void end_what_is_superseded();
  bool is_silent(const LeafRequest& request, Clock::time_point now) const;
  std::optional<int> helper_for(const LeafRequest& request, Clock::time_point now) const;
  bool help_the_slowest(Clock::time_point now);
  bool all_slots_taken() const;
  Result<void> give_up_or_wait(std::size_t stretch, Clock::time_point now) const;
  std::chrono::milliseconds time_to_wait(Clock::time_point now) const;

  // leaf_fetcher_ended.cc: what came of a request
  void ended(LeafRequest& request, const peers::Question& question, const peers::Ending& ending);
  void judge_end(const LeafRequest& request, const peers::Question& question, const peers::Ending& ending);
  void refused(const LeafRequest& request, const peers::Question& question, const peers::Ending& ending);
  void let_go(const LeafRequest& request);
  void end_requests(const std::function<bool(const LeafRequest&)>& which);
  void ban(int source, const std::string& why);
  void keep_error(Result<void> result);

  std::vector<Stretch> stretches_;
  std::vector<std::vector<ByteRange>> here_;
  peers::GatewayClient& client_;
  BlockSink& sink_;
  const Effect effect_;
  std::vector<Work> works_;
  std::vector<Manner> manners_;  // by source
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Doubt>> doubts_;
  std::size_t first_ = 0, end_ = 0;  // what advance() works on
  std::size_t most_requests_ = 1;
  std::size_t nearby_in_sink_ = 0, open_ = 0;
  Requests requests_;
  Clock::time_point last_tick_{}, last_sync_ = Clock::now();
  std::uint64_t unsynced_ = 0, copied_ = 0;  // bytes
  bool syncing_ = false;
  std::vector<std::pair<std::size_t, ByteRange>> being_synced_;
  std::optional<Error> error_;  // ends the work
  LeafMail mail_;
  std::unique_ptr<LeafSink> leaves_;  // last: its helpers use the mail
};

}  // namespace eai::fetch
