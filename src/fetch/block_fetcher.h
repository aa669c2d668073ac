// Why: wanted pieces become proven bytes, whatever the sources do: which range is asked of whom and when, what is
// proven, who lied. What the pieces are, and what becomes of them, is the sink's to know.
// Thread: the owner's; one helper hashes.
// What holds:
// - a request's bytes go straight to the piece's file; the sink gets a piece when its hash fits, and never before.
//   Every byte that arrives in good order is hashed once;
// - block folders are looked at before any gateway is asked for a piece;
// - a gateway that sent wrong bytes is not used again in this run, and whatever came from it and is not proven yet is
//   thrown away. Where several had a share in a piece that does not fit, each one's bytes are compared with the truth
//   as soon as that is there, so that an honest one is not blamed;
// - when nothing is left to ask for, an idle source takes over the end of what a slow one is sending.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "fetch/in_work.h"
#include "fetch/piece_fetcher.h"
#include "fetch/piece_hasher.h"
#include "peers/gateway_client.h"

namespace eai::fetch {

using peers::Clock;

class RangeRequest;

class BlockFetcher final : public PieceFetcher {
 public:
  // Pieces are named by their place in `wanted`.
  BlockFetcher(std::vector<Wanted> wanted, peers::GatewayClient& client, BlockSink& sink);
  ~BlockFetcher() override;
  BlockFetcher(const BlockFetcher&) = delete;
  BlockFetcher& operator=(const BlockFetcher&) = delete;

  Result<void> advance(std::size_t first, std::size_t end) override;
  bool proven(std::size_t piece) const override { return pieces_[piece].proven; }
  std::uint64_t bytes_here(std::size_t piece) const override;

 private:
  friend class RangeRequest;
  using Requests = std::map<peers::GatewayClient::Id, std::unique_ptr<RangeRequest>>;
  peers::SourceBook& book() { return client_.book(); }
  const peers::SourceBook& book() const { return client_.book(); }

  // block_fetcher.cc: where bytes lie
  Result<void> begin(std::size_t index);
  bool take_from_folder(std::size_t index);
  Result<void> use_own_file(std::size_t index);
  Result<void> set_size(std::size_t index, std::uint64_t size, int source);
  void read_mail();
  void hashed(const HashNews& news);

  // block_fetcher_schedule.cc: whom to ask
  Result<void> schedule(Clock::time_point now);
  bool ask_for(std::size_t index, Clock::time_point now);
  bool bytes_come_from_nearby() const;
  Result<void> give_up_or_wait(std::size_t index, Clock::time_point now) const;
  void steal(Clock::time_point now);
  void start(std::size_t index, int source, ByteRange range, bool ranged);
  bool all_slots_taken() const;
  std::uint64_t slice(int source) const;
  std::chrono::milliseconds time_to_wait(Clock::time_point now) const;

  // block_fetcher_requests.cc: what came of it
  void arrived(std::size_t index, ByteRange range, int source);
  void worthless(std::size_t index, ByteRange range);
  void ended(RangeRequest& request, const peers::Question& question, const peers::Ending& ending);
  void judge_end(RangeRequest& request, const peers::Question& question, const peers::Ending& ending);
  void settle(RangeRequest& request);
  void end_requests(const std::function<bool(const RangeRequest&)>& which);
  void keep_error(Result<void> result);

  // block_fetcher_blame.cc: wrong bytes
  void wrong_bytes(std::size_t index);
  void suspect_all(std::size_t index, const std::vector<int>& givers);
  void compare_suspects(std::size_t index);
  void ban(int source, InWork& work);
  void drop_bytes_of(int source);
  void throw_away(std::size_t index);
  std::optional<int> alone_next(std::size_t index) const;
  Result<ipld::Sha256> hash_of(const InWork& work, ByteRange range) const;

  peers::GatewayClient& client_;
  BlockSink& sink_;
  std::vector<InWork> pieces_;
  std::size_t first_ = 0, end_ = 0;  // what advance() works on
  Requests requests_;
  std::uint64_t note_step_ = 0;
  Clock::time_point last_tick_{};
  std::optional<Error> error_;  // of our own disk: ends the work
  HashMail mail_;
  PieceHasher hasher_;  // last: its thread uses the mail
};

}  // namespace eai::fetch
