#include "fetch/range_request.h"

#include <algorithm>

namespace eai::fetch {

RangeRequest::RangeRequest(Run& run, std::size_t piece, int from, ByteRange wanted, bool with_range, Form as)
    : index(piece),
      source(from),
      range(wanted),
      ranged(with_range),
      form(as),
      begun(Clock::now()),
      position(wanted.begin),
      run_(run),
      noted_(wanted.begin),
      body_at_(with_range ? wanted.begin : 0) {}

Result<void> RangeRequest::on_head(const http::ResponseHead& head) {
  PieceWork& work = run_.pieces_[index];
  std::optional<std::uint64_t> size;
  if (work.piece.size_is_exact) size = work.piece.size;
  answer = judge(head, ranged ? std::optional(range) : std::nullopt, size);
  judged = true;
  // Nothing there, where somebody said there is.
  other_size = head.status == 416 && work.plan && !work.piece.size_is_exact;
  if (answer.meaning != Answer::Meaning::good) return fail(Code::network, answer.why);
  if (!work.plan) {
    if (!answer.total) return fail(Code::network, "does not tell how long the content is");
    EAI_CHECK(run_.set_size(index, *answer.total, source));
    range.end = std::min(range.end, *answer.total);
    work.plan->set(range, Holding::asked, source);
  } else if (answer.total && *answer.total != work.plan->size()) {
    other_size = true;
    return fail(Code::network, "content of another size than elsewhere");
  }
  if (answer.ranges_ignored && !(range.begin == 0 && range.end == work.plan->size())) {
    return fail(Code::network, "ignores ranges");
  }
  answer.ranges_ignored = false;
  return {};
}

Result<void> RangeRequest::on_body(ByteView bytes) {
  if (body_at_ < position) {
    std::uint64_t skipped = std::min<std::uint64_t>(position - body_at_, bytes.size());
    body_at_ += skipped;
    bytes = bytes.subspan(skipped);
  }
  ByteView kept = bytes.first(std::min<std::uint64_t>(left(), bytes.size()));
  const PieceWork& work = run_.pieces_[index];
  if (auto written = write_at(work.file->get(), position, kept); !written) {
    const Failure failure(std::move(written).error().with(work.path.string()));
    run_.keep_error(failure);
    return failure;
  }
  position += kept.size();
  body_at_ += kept.size();
  if (position - noted_ >= run_.note_step_) note();
  if (kept.size() == bytes.size()) return {};
  // Behind the end: no surprise where the end was moved, or where the whole comes.
  too_much = ranged && !shrunk_;
  return fail(Code::network, "more than was asked for");
}

void RangeRequest::on_done(Result<void> outcome) { run_.ended(*this, outcome); }

void RangeRequest::note() {
  if (position == noted_) return;
  run_.arrived(index, {noted_, position}, source);
  noted_ = position;
}

void RangeRequest::shrink(std::uint64_t end) {
  range.end = end;
  shrunk_ = true;
}

double RangeRequest::rate(Clock::time_point now) const {
  double seconds = std::chrono::duration<double>(now - begun).count();
  return seconds > 0 ? static_cast<double>(position - range.begin) / seconds : 0;
}

}  // namespace eai::fetch
