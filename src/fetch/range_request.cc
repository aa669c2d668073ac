#include "fetch/range_request.h"

#include <algorithm>

namespace eai::fetch {
namespace {

constexpr std::chrono::seconds k_note_interval{1};

}  // namespace

RangeRequest::RangeRequest(BlockFetcher& fetcher, std::size_t piece, int from, ByteRange wanted, bool with_range)
    : index(piece),
      source(from),
      range(wanted),
      ranged(with_range),
      begun(Clock::now()),
      position(wanted.begin),
      fetcher_(fetcher),
      noted_(wanted.begin),
      body_at_(with_range ? wanted.begin : 0) {}

Result<void> RangeRequest::on_good(const peers::Judgement& judgement) {
  InWork& work = fetcher_.pieces_[index];
  ranges_ignored = judgement.ranges_ignored;
  if (!work.plan) {
    if (!judgement.total) return fail(Code::network, "does not say how long the content is");
    EAI_CHECK(fetcher_.set_size(index, *judgement.total, source));
    range.end = std::min(range.end, *judgement.total);
    work.plan->set(range, Holding::asked, source);
  } else if (judgement.total && *judgement.total != work.plan->size()) {
    other_size = true;
    return fail(Code::network, "content of another size than elsewhere");
  }
  if (ranges_ignored && !(range.begin == 0 && range.end == work.plan->size())) {
    return fail(Code::network, "ignores ranges");
  }
  ranges_ignored = false;
  return {};
}

Result<void> RangeRequest::on_bytes(ByteView bytes) {
  if (body_at_ < position) {
    std::uint64_t skipped = std::min<std::uint64_t>(position - body_at_, bytes.size());
    body_at_ += skipped;
    bytes = bytes.subspan(skipped);
  }
  ByteView kept = bytes.first(std::min<std::uint64_t>(left(), bytes.size()));
  const InWork& work = fetcher_.pieces_[index];
  if (auto written = write_at(work.file->get(), work.base() + position, kept); !written) {
    const Failure failure(std::move(written).error().with(work.wanted.file.string()));
    fetcher_.keep_error(failure);
    return failure;
  }
  position += kept.size();
  body_at_ += kept.size();
  // Rates are made from what is noted.
  if (position - noted_ >= fetcher_.note_step_ || Clock::now() - noted_at_ >= k_note_interval) note();
  if (kept.size() == bytes.size()) return {};
  // More than is kept: to be expected where the end was moved, or where the whole comes.
  too_much = ranged && !shrunk_;
  return fail(Code::network, "more than was asked for");
}

void RangeRequest::on_end(const peers::Question& question, const peers::Ending& ending) {
  fetcher_.ended(*this, question, ending);
}

void RangeRequest::note() {
  if (position == noted_) return;
  fetcher_.arrived(index, {noted_, position}, source);
  noted_ = position;
  noted_at_ = Clock::now();
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
