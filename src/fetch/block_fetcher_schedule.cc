// Whom to ask for which range, and when a slow source is helped.
#include <algorithm>

#include "fetch/block_fetcher.h"
#include "fetch/range_request.h"
#include "ipld/cid.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t k_smallest_slice = 256 * k_kib;
constexpr std::uint64_t k_first_slice = 2 * k_mib;
constexpr std::uint64_t k_largest_slice = 16 * k_mib;
constexpr double k_slice_seconds = 2;      // a request should not last much longer
constexpr double k_patience_seconds = 3;   // a request that needs longer than this is helped when nothing else is left
constexpr double k_rate_of_unknown = 1e6;  // bytes per second
constexpr auto k_tick = 100ms;

}  // namespace

std::uint64_t BlockFetcher::slice(int source) const {
  if (book().rate(source) <= 0) return k_first_slice;
  auto bytes = static_cast<std::uint64_t>(book().rate(source) * k_slice_seconds / (book().in_flight(source) + 1));
  return std::clamp(bytes, k_smallest_slice, k_largest_slice);
}

void BlockFetcher::start(std::size_t index, int source, ByteRange range, bool ranged) {
  InWork& work = pieces_[index];
  const ipld::Cid& cid = work.wanted.cid;
  peers::Question question{.source = source, .piece = index, .cid = cid, .form = peers::Form::file};
  // Of a tree a raw block would be the root alone.
  if (cid.codec() == ipld::Codec::raw) question.form = book().form(source);
  if (ranged) question.range = range;
  if (work.wanted.size_is_exact) question.size = work.wanted.size;
  auto request = std::make_unique<RangeRequest>(*this, index, source, range, ranged);
  if (work.plan) work.plan->set(range, Holding::asked, source);
  ++work.requests;
  request->id = client_.ask(std::move(question), *request);
  requests_.emplace(request->id, std::move(request));
}

bool BlockFetcher::all_slots_taken() const {
  return requests_.size() >= static_cast<std::size_t>(std::max(1, client_.options().parallel_requests));
}

// True if a request was started.
bool BlockFetcher::ask_for(std::size_t index, Clock::time_point now) {
  InWork& work = pieces_[index];
  if (!work.wants_bytes() || all_slots_taken()) return false;
  if (!work.plan && work.requests > 0) return false;  // the first answer tells the size
  if (work.plan && !work.plan->next(1)) return false;
  auto source = book().pick(index, now, work.only);
  if (!source) return false;
  if (!work.plan) {
    start(index, *source, {0, k_first_slice}, true);
    return true;
  }
  bool ranged = book().has_ranges(*source);
  // One that ignores ranges is asked once for the whole, not many times.
  if (!ranged && work.requests > 0) return false;
  start(index, *source, *work.plan->next(ranged ? slice(*source) : work.plan->size()), ranged);
  return true;
}

bool BlockFetcher::bytes_come_from_nearby() const {
  return std::any_of(requests_.begin(), requests_.end(),
                     [&](const auto& one) { return peers::is_nearby(book().host(one.second->source)); });
}

Result<void> BlockFetcher::give_up_or_wait(std::size_t index, Clock::time_point now) const {
  const InWork& work = pieces_[index];
  if (!work.wants_bytes()) return {};
  const bool hopeless = work.requests == 0 && book().hopeless(index, work.only);
  if (!hopeless && (!book().cut_off(index, now) || bytes_come_from_nearby())) return {};
  return Failure(book().failure(work.wanted.name + " (" + work.wanted.cid.str() + ")"));
}

Result<void> BlockFetcher::schedule(Clock::time_point now) {
  for (std::size_t index = first_; index < end_; ++index) {
    InWork& work = pieces_[index];
    if (!work.begun) EAI_CHECK(begin(index));
    if (work.only && book().hopeless(index, work.only)) work.only = alone_next(index);
    while (ask_for(index, now)) {
    }
    EAI_CHECK(give_up_or_wait(index, now));
  }
  steal(now);
  return {};
}

// When nothing is left to ask for, an idle source takes over the end of what a slow one is sending.
void BlockFetcher::steal(Clock::time_point now) {
  if (all_slots_taken()) return;
  RangeRequest* slowest = nullptr;
  double longest = 0;
  for (auto& [id, request] : requests_) {
    const InWork& work = pieces_[request->index];
    if (!work.plan || work.only || now - request->begun < 1s) continue;
    double seconds = static_cast<double>(request->left()) / std::max(request->rate(now), 1.0);
    if (seconds <= longest) continue;
    slowest = request.get();
    longest = seconds;
  }
  if (slowest == nullptr || longest < k_patience_seconds) return;
  auto helper = book().pick(slowest->index, now);
  if (!helper || *helper == slowest->source || !book().has_ranges(*helper)) return;
  double known = book().rate(*helper) / (book().in_flight(*helper) + 1);
  double helper_rate = known > 0 ? known : k_rate_of_unknown;
  double slow_rate = slowest->rate(now);
  if (static_cast<double>(slowest->left()) / helper_rate > longest / 2) return;
  slowest->note();
  auto kept = static_cast<std::uint64_t>(static_cast<double>(slowest->left()) * slow_rate / (slow_rate + helper_rate));
  ByteRange rest{slowest->position + kept, slowest->range.end};
  std::size_t index = slowest->index;
  book().note(slowest->source, "was slow");
  slowest->shrink(rest.begin);
  if (kept < 16 * k_kib) {
    rest.begin = slowest->position;
    end_requests([&](const RangeRequest& request) { return &request == slowest; });
  }
  start(index, *helper, rest, true);
}

std::chrono::milliseconds BlockFetcher::time_to_wait(Clock::time_point now) const {
  auto ready = book().next_ready(now);
  if (!ready) return k_tick;
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*ready - now), 1ms, std::chrono::milliseconds(k_tick));
}

}  // namespace eai::fetch
