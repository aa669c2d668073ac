// Why: one request for a run of leaves, its bytes on their way into the leaves' buffers.
// Thread: the owner's; made and destroyed by LeafFetcher.
#pragma once

#include "fetch/leaf_fetcher.h"

namespace eai::fetch {

class LeafRequest final : public peers::Asker {
 public:
  LeafRequest(LeafFetcher& fetcher, std::size_t stretch, int source, LeafFetcher::Way way, std::size_t first,
              std::size_t end);

  Result<void> on_good(const peers::Judgement& judgement) override;
  Result<void> on_bytes(ByteView bytes) override;
  void on_end(const peers::Question& question, const peers::Ending& ending) override;

  // The range of the tree's file that it asks for.
  ByteRange range() const;
  bool covers(std::size_t of_stretch, std::size_t leaf) const {
    return of_stretch == stretch && leaf >= at && leaf < end && !released;
  }
  bool complete() const { return at >= end && !too_much; }
  std::size_t middle() const { return at + (end - at) / 2; }  // of the leaves that it still owes
  std::uint64_t left() const;                                 // bytes that it still owes
  double rate(Clock::time_point now) const;                   // bytes per second since it began

  const std::size_t stretch;
  const int source;
  const LeafFetcher::Way way;
  peers::GatewayClient::Id id = 0;
  const std::size_t first;
  std::size_t end;         // leaves; may move down when others were faster
  std::size_t at;          // the leaf that is being received
  bool shortened = false;  // it did
  bool released = false;   // it stalls, and its leaves are asked for elsewhere
  bool ranges_ignored = false;
  bool other_size = false;
  bool too_much = false;
  std::uint64_t received = 0;
  const Clock::time_point begun = Clock::now();
  Clock::time_point latest = begun;  // its latest byte

 private:
  Result<void> take(ByteView& bytes);
  void hand_over();
  LeafForm form() const;
  LeafFetcher& fetcher_;
  LeafSink::Buffer buffer_;
  std::uint64_t skip_ = 0;  // bytes that come first and are not wanted
};

}  // namespace eai::fetch
