// Why: one request for one range of one piece, its bytes on their way to the piece's file.
// Thread: the owner's; made and destroyed by BlockFetcher.
#pragma once

#include "fetch/block_fetcher.h"

namespace eai::fetch {

class RangeRequest final : public peers::Asker {
 public:
  // `ranged`: the range is asked for; else the whole, of which the range is kept.
  RangeRequest(BlockFetcher& fetcher, std::size_t index, int source, ByteRange range, bool ranged);

  Result<void> on_good(const peers::Judgement& judgement) override;
  Result<void> on_bytes(ByteView bytes) override;
  void on_end(const peers::Question& question, const peers::Ending& ending) override;

  // Hands what was received but not noted yet to the fetcher.
  void note();
  // Gives up the end of the range: another source fetches it.
  void shrink(std::uint64_t end);
  double rate(Clock::time_point now) const;  // bytes per second since it began

  std::uint64_t left() const { return range.end - std::min(position, range.end); }
  bool complete() const { return position >= range.end && !too_much; }

  const std::size_t index;
  const int source;
  peers::GatewayClient::Id id = 0;
  ByteRange range;
  const bool ranged;
  const Clock::time_point begun;
  std::uint64_t position;       // the next byte to keep
  bool ranges_ignored = false;  // the whole came, and that is not what was asked for
  bool other_size = false;      // it speaks of another size than somebody before it
  bool too_much = false;        // more came than was asked for

 private:
  BlockFetcher& fetcher_;
  std::uint64_t noted_;
  Clock::time_point noted_at_ = Clock::now();
  std::uint64_t body_at_;  // where in the piece the next byte of the body belongs
  bool shrunk_ = false;
};

}  // namespace eai::fetch
