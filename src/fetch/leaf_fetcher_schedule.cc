// Whom to ask for which leaves, and when a slow source is helped.
#include <algorithm>

#include "fetch/leaf_fetcher.h"
#include "fetch/leaf_request.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t k_first_slice = 4 * k_mib;
constexpr std::uint64_t k_largest_slice = 64 * k_mib;
constexpr double k_slice_seconds = 2;  // a request should not last much longer
constexpr auto k_stall = 3s;
constexpr double k_help_after = 1;        // seconds that the slowest request still needs
constexpr auto k_silence = 500ms;         // without a byte: a source that gave bytes before
constexpr auto k_first_silence = 1500ms;  // an answer that has not begun
constexpr double k_for_ever = 1e9;        // seconds
constexpr auto k_tick = 100ms;

}  // namespace

std::uint64_t LeafFetcher::slice(int source) const {
  if (book().rate(source) <= 0) return k_first_slice;
  const double bytes = book().rate(source) * k_slice_seconds / (book().in_flight(source) + 1);
  return std::min<std::uint64_t>(k_largest_slice, static_cast<std::uint64_t>(bytes));
}

bool LeafFetcher::is_asked(std::size_t stretch, std::size_t leaf) const {
  return std::ranges::any_of(requests_, [&](const auto& one) { return one.second->covers(stretch, leaf); });
}

LeafFetcher::Way LeafFetcher::way_for(int source, std::size_t stretch, std::size_t leaf) const {
  const bool has_blocks = book().source(source).kind == peers::Source::Kind::gateway;
  if (has_blocks && doubts_.contains({stretch, leaf})) return Way::blocks;
  return manners_[static_cast<std::size_t>(source)].way;
}

void LeafFetcher::start_request(std::size_t index, int source, Way way, std::size_t first, std::size_t end) {
  const Stretch& stretch = stretches_[index];
  auto request = std::make_unique<LeafRequest>(*this, index, source, way, first, end);
  peers::Question question{.source = source, .piece = index, .cid = stretch.root, .form = peers::Form::file};
  question.or_as_file = peers::Question::OrAsFile::no;
  if (way == Way::blocks) {
    question.cid = stretch.leaves->cid(first);
    question.form = peers::Form::raw_block;
  } else {
    question.size = stretch.leaves->size();
    if (way == Way::ranges) question.range = request->range();
  }
  for (std::size_t leaf = first; leaf < end; ++leaf) {
    State& now = state(index, leaf);
    if (now == State::missing) now = State::asked;
  }
  request->id = client_.ask(std::move(question), *request);
  requests_.emplace(request->id, std::move(request));
}

bool LeafFetcher::all_slots_taken() const {
  const auto stalling =
      static_cast<std::size_t>(std::ranges::count_if(requests_, [](const auto& one) { return one.second->released; }));
  return requests_.size() - stalling >= most_requests_ || requests_.size() >= 2 * most_requests_;
}

// True if a request was started.
bool LeafFetcher::ask_for(std::size_t index, Clock::time_point now) {
  Work& work = works_[index];
  if (all_slots_taken() || work.left == 0) return false;
  const Stretch& stretch = stretches_[index];
  const std::size_t count = work.leaves.size();
  while (work.lowest < count && work.leaves[work.lowest] != State::missing) ++work.lowest;
  if (work.lowest == count) return false;
  const auto source = book().pick(index, now);
  if (!source) return false;
  const std::size_t first = stretch.first + work.lowest;
  const Way way = way_for(*source, index, first);
  if (way == Way::whole) {
    const bool runs = std::ranges::any_of(requests_, [&](const auto& one) { return one.second->source == *source; });
    if (runs) return false;
    start_request(index, *source, way, first, stretch.end);
    return true;
  }
  std::size_t end = first + 1;
  if (way == Way::ranges) {
    const std::uint64_t begin = stretch.leaves->range(first).begin, limit = slice(*source);
    while (end < stretch.end && state(index, end) == State::missing && stretch.leaves->range(end).end - begin <= limit)
      ++end;
  }
  start_request(index, *source, way, first, end);
  return true;
}

Result<void> LeafFetcher::give_up_or_wait(std::size_t index, Clock::time_point now) const {
  const Work& work = works_[index];
  if (work.left == 0 || work.lowest == work.leaves.size()) return {};  // all that it lacks is under way
  const auto of_it = [&](const auto& one) { return one.second->stretch == index && !one.second->released; };
  const bool hopeless = book().hopeless(index) && std::ranges::none_of(requests_, of_it);
  const bool nearby = std::ranges::any_of(
      requests_, [&](const auto& one) { return peers::is_nearby(book().host(one.second->source)); });
  if (!hopeless && (!book().cut_off(index, now) || nearby)) return {};
  return Failure(book().failure(stretches_[index].name + " (" + stretches_[index].root.str() + ")"));
}

Result<void> LeafFetcher::schedule(Clock::time_point now) {
  release_what_stalls(now);
  end_what_is_superseded();
  for (std::size_t index = first_; index < end_; ++index) {
    if (!works_[index].begun) {
      if (open_ >= 2 * k_open_files) break;  // until those that are complete are synced and closed
      EAI_CHECK(begin(index));
    }
    look_nearby(index);
    if (effect_ == Effect::found && works_[index].later.empty()) continue;
    while (ask_for(index, now)) {
    }
    EAI_CHECK(give_up_or_wait(index, now));
  }
  while (help_the_slowest(now)) {
  }
  return {};
}

// Its bytes still count if they come; whoever gives a leaf first has given it.
void LeafFetcher::release_what_stalls(Clock::time_point now) {
  for (auto& [id, request] : requests_) {
    if (request->released || now - request->latest < k_stall || book().alive() < 2) continue;
    request->released = true;
    book().stalls(request->source);
    for (std::size_t leaf = request->at; leaf < request->end; ++leaf)
      if (state(request->stretch, leaf) == State::asked && !is_asked(request->stretch, leaf))
        set_missing(request->stretch, leaf);
  }
}

void LeafFetcher::end_what_is_superseded() {
  const auto has = [&](const LeafRequest& request, std::size_t leaf) {
    const State now = state(request.stretch, leaf);
    return now == State::done || now == State::in_sink;
  };
  for (auto& [id, request] : requests_) {
    while (request->end > request->at && has(*request, request->end - 1)) {
      --request->end;
      request->shortened = true;
    }
  }
  end_requests([](const LeafRequest& request) { return request.shortened && request.at >= request.end; });
}

// An answer may take its time to begin, unless its source has gone quiet as a whole.
bool LeafFetcher::is_silent(const LeafRequest& request, Clock::time_point now) const {
  if (now - request.latest < k_silence) return false;
  if (request.received > 0 || now - request.latest >= k_first_silence) return true;
  return manners_[static_cast<std::size_t>(request.source)].proven > 0 &&
         std::ranges::all_of(requests_, [&](const auto& one) {
           return one.second->source != request.source || now - one.second->latest >= k_silence;
         });
}

// Of all others, the source that would answer soonest.
std::optional<int> LeafFetcher::helper_for(const LeafRequest& request, Clock::time_point now) const {
  std::optional<int> best;
  double best_share = -1;
  for (int i = 0; i < static_cast<int>(book().size()); ++i) {
    if (i == request.source || !book().pick(request.stretch, now, i)) continue;
    const double share = book().rate(i) / (book().in_flight(i) + 1);
    if (share <= best_share) continue;
    best = i;
    best_share = share;
  }
  return best;
}

// When nothing is left to ask for, an idle source is asked for the second half of what the slowest request still owes, or
// for all of it if that request says nothing. True if a request was started.
bool LeafFetcher::help_the_slowest(Clock::time_point now) {
  if (all_slots_taken()) return false;
  const LeafRequest* slowest = nullptr;
  double longest = k_help_after;
  for (const auto& [id, owned] : requests_) {
    const LeafRequest& request = *owned;
    const bool silent = is_silent(request, now);
    if (request.at >= request.end || request.released || (!silent && now - request.begun < 1s)) continue;
    const std::size_t from = silent ? request.at : request.middle();
    const auto askers =
        std::ranges::count_if(requests_, [&](const auto& one) { return one.second->covers(request.stretch, from); });
    const double seconds = silent ? k_for_ever : static_cast<double>(request.left()) / std::max(request.rate(now), 1.0);
    if (askers > 1 || seconds <= longest) continue;
    slowest = &request;
    longest = seconds;
  }
  if (slowest == nullptr) return false;
  const auto helper = helper_for(*slowest, now);
  if (!helper) return false;
  const bool silent = is_silent(*slowest, now);
  const std::size_t from = silent ? slowest->at : slowest->middle();
  const Way way = way_for(*helper, slowest->stretch, from);
  if (way == Way::whole) return false;
  const double rate = book().rate(*helper);
  const std::uint64_t owed = silent ? slowest->left() : slowest->left() / 2 + 1;
  if (rate > 0 && static_cast<double>(owed) / rate > longest) return false;  // it would be slower still
  book().note(slowest->source, "was slow");
  start_request(slowest->stretch, *helper, way, from, way == Way::blocks ? from + 1 : slowest->end);
  return true;
}

std::chrono::milliseconds LeafFetcher::time_to_wait(Clock::time_point now) const {
  const auto ready = book().next_ready(now);
  if (!ready) return k_tick;
  return std::clamp(std::chrono::ceil<std::chrono::milliseconds>(*ready - now), 1ms, std::chrono::milliseconds(k_tick));
}

}  // namespace eai::fetch
