// Why: one request for one range of one piece, its bytes on their way to the piece's file.
// Thread: the owner's; made and destroyed by Run.
#pragma once

#include <string>

#include "fetch/answer.h"
#include "fetch/run.h"

namespace eai::fetch {

class RangeRequest final : public http::Receiver {
 public:
  // `ranged`: the range is asked for; else the whole, of which the range is kept.
  RangeRequest(Run& run, std::size_t index, int source, ByteRange range, bool ranged, Form form);

  Result<void> on_head(const http::ResponseHead& head) override;
  Result<void> on_body(ByteView bytes) override;
  void on_done(Result<void> outcome) override;

  // Hands what was received but not noted yet to the run.
  void note();
  // Gives up the end of the range: another source fetches it.
  void shrink(std::uint64_t end);
  double rate(Clock::time_point now) const;  // bytes per second since it began

  std::uint64_t left() const { return range.end - std::min(position, range.end); }
  bool complete() const { return position >= range.end && !too_much; }

  const std::size_t index;
  const int source;
  ByteRange range;
  const bool ranged;
  const Form form;
  const Clock::time_point begun;
  std::uint64_t position;  // the next byte to keep
  Answer answer;
  bool judged = false;      // `answer` is there
  bool other_size = false;  // it speaks of another size than somebody before it
  bool too_much = false;    // more came than was asked for

 private:
  Run& run_;
  std::uint64_t noted_;
  std::uint64_t body_at_;  // where in the piece the next byte of the body belongs
  bool shrunk_ = false;
};

}  // namespace eai::fetch
