#include "fetch/leaf_request.h"

#include <algorithm>

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_wrapping = 64;  // bytes: what dag-pb and UnixFS put around the content of a leaf, and more

}  // namespace

LeafRequest::LeafRequest(LeafFetcher& fetcher, std::size_t of, int from, LeafFetcher::Way how, std::size_t begin,
                         std::size_t behind)
    : stretch(of), source(from), way(how), first(begin), end(behind), at(begin), fetcher_(fetcher) {}

ByteRange LeafRequest::range() const {
  const ipld::LeafTable& leaves = *fetcher_.stretches_[stretch].leaves;
  return {leaves.range(first).begin, leaves.range(end - 1).end};
}

LeafForm LeafRequest::form() const {
  const bool wrapped = fetcher_.stretches_[stretch].leaves->kind(at) == ipld::LeafKind::wrapped;
  return way == LeafFetcher::Way::blocks && wrapped ? LeafForm::block : LeafForm::content;
}

Result<void> LeafRequest::on_good(const peers::Judgement& judgement) {
  latest = Clock::now();
  if (way == LeafFetcher::Way::blocks) return {};
  const std::uint64_t size = fetcher_.stretches_[stretch].leaves->size();
  if (judgement.total && *judgement.total != size) {
    other_size = true;
    return fail(Code::network, "content of another size than its tree says");
  }
  if (way == LeafFetcher::Way::whole) {
    skip_ = range().begin;
  } else if (judgement.ranges_ignored && range() != ByteRange{0, size}) {
    ranges_ignored = true;
    return fail(Code::network, "ignores ranges");
  }
  return {};
}

Result<void> LeafRequest::on_bytes(ByteView bytes) {
  latest = Clock::now();
  const std::uint64_t skipped = std::min<std::uint64_t>(skip_, bytes.size());
  skip_ -= skipped;
  bytes = bytes.subspan(skipped);
  received += bytes.size();
  while (!bytes.empty()) EAI_CHECK(take(bytes));
  return {};
}

Result<void> LeafRequest::take(ByteView& bytes) {
  if (at >= end) {
    too_much = way != LeafFetcher::Way::whole && !shortened;
    return fail(Code::network, "more than was asked for");
  }
  const std::uint64_t size = fetcher_.stretches_[stretch].leaves->range(at).size();
  const std::uint64_t most = form() == LeafForm::block ? size + k_wrapping : size;
  if (!buffer_) buffer_ = fetcher_.leaves_->buffer(most);
  Bytes& into = buffer_->bytes;
  const ByteView kept = bytes.first(std::min<std::uint64_t>(bytes.size(), most - into.size()));
  if (kept.empty()) return fail(Code::network, "more than a leaf");
  into.insert(into.end(), kept.begin(), kept.end());
  bytes = bytes.subspan(kept.size());
  if (form() == LeafForm::content && into.size() == size) hand_over();
  return {};
}

void LeafRequest::hand_over() {
  LeafFetcher::State& state = fetcher_.state(stretch, at);
  if (state != LeafFetcher::State::done && state != LeafFetcher::State::in_sink) {
    state = LeafFetcher::State::in_sink;
    const LeafForm what = form();
    fetcher_.leaves_->give(stretch, at, source, what, std::move(buffer_));
  }
  buffer_.reset();
  ++at;
}

void LeafRequest::on_end(const peers::Question& question, const peers::Ending& ending) {
  // Only the end of a body says where a wrapped block ends.
  if (ending.outcome && at < end && form() == LeafForm::block && buffer_) hand_over();
  fetcher_.ended(*this, question, ending);
}

std::uint64_t LeafRequest::left() const {
  if (at >= end) return 0;
  const ipld::LeafTable& leaves = *fetcher_.stretches_[stretch].leaves;
  const std::uint64_t bytes = leaves.range(end - 1).end - leaves.range(at).begin;
  return bytes - std::min<std::uint64_t>(bytes, buffer_ ? buffer_->bytes.size() : 0);
}

double LeafRequest::rate(Clock::time_point now) const {
  const double seconds = std::chrono::duration<double>(now - begun).count();
  return seconds > 0 ? static_cast<double>(received) / seconds : 0;
}

}  // namespace eai::fetch
