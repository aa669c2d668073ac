#include "fetch/leaf_fetcher.h"

#include <algorithm>
#include <tuple>

#include "fetch/leaf_request.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;

constexpr auto k_sync_after = 2s;
constexpr std::uint64_t k_sync_bytes = 256 * k_mib;

std::uint64_t largest_leaf(const std::vector<Stretch>& stretches) {
  std::uint64_t largest = 1;
  for (const Stretch& one : stretches)
    for (std::size_t leaf = one.first; leaf < one.end; ++leaf)
      largest = std::max<std::uint64_t>(largest, one.leaves->range(leaf).size());
  return largest;
}

}  // namespace

LeafFetcher::LeafFetcher(std::vector<Stretch> stretches, std::vector<std::vector<ByteRange>> here,
                         peers::GatewayClient& client, BlockSink& sink, Effect effect)
    : stretches_(std::move(stretches)),
      here_(std::move(here)),
      client_(client),
      sink_(sink),
      effect_(effect),
      works_(stretches_.size()),
      manners_(client.book().size()),
      mail_([this] { client_.wake(); }) {
  for (std::size_t i = 0; i < stretches_.size(); ++i) {
    works_[i].left = stretches_[i].end - stretches_[i].first;
    works_[i].leaves.resize(works_[i].left);
  }
  for (int i = 0; i < static_cast<int>(book().size()); ++i)
    if (book().source(i).kind == peers::Source::Kind::url)
      for (std::size_t stretch = 0; stretch < stretches_.size(); ++stretch) book().serves(i, stretch);
  // Each request holds the leaf that it receives. A third of the room is for those, a third for requests that stall, and
  // the rest for leaves that are hashed and written.
  const auto parallel = static_cast<std::uint64_t>(std::max(1, client.options().parallel_requests));
  most_requests_ = std::max<std::uint64_t>(1, std::min(parallel, k_leaf_room / 3 / largest_leaf(stretches_)));
}

Result<std::unique_ptr<LeafFetcher>> LeafFetcher::start(std::vector<Stretch> stretches,
                                                        std::vector<std::vector<ByteRange>> here,
                                                        peers::GatewayClient& client, BlockSink& sink, Effect effect) {
  std::unique_ptr<LeafFetcher> out(new LeafFetcher(std::move(stretches), std::move(here), client, sink, effect));
  EAI_TRY(out->leaves_, LeafSink::start(out->stretches_, out->mail_));
  return out;
}

// What was proven is noted, so that the next run need not read it again.
LeafFetcher::~LeafFetcher() {
  end_requests([](const LeafRequest&) { return true; });
  if (!leaves_) return;
  leaves_->finish();
  read_mail();
  if (error_) return;
  syncing_ = false;
  sync(Clock::time_point::max());
  leaves_->finish();
  read_mail();
}

std::uint64_t LeafFetcher::bytes_here(std::size_t stretch) const {
  if (works_[stretch].begun) return works_[stretch].verified;
  std::uint64_t sum = 0;
  for (const ByteRange& range : here_[stretch]) sum += range.size();
  return sum;
}

void LeafFetcher::keep_error(Result<void> result) {
  if (!result && !error_) error_ = std::move(result).error();
}

void LeafFetcher::set_missing(std::size_t stretch, std::size_t leaf) {
  state(stretch, leaf) = State::missing;
  Work& work = works_[stretch];
  work.lowest = std::min(work.lowest, leaf - stretches_[stretch].first);
}

void LeafFetcher::read_mail() {
  for (LeafNews& news : mail_.take()) read(std::move(news));
}

void LeafFetcher::read(LeafNews news) {
  switch (news.what) {
    case LeafNews::What::synced:
      return note_what_is_synced();
    case LeafNews::What::failed:
      return keep_error(Failure(std::move(news.error)));
    case LeafNews::What::no_leaf:
      return keep_error(fail_about(std::string(k_tree), Code::unsupported, news.error.message));
    case LeafNews::What::proven:
      return done(news);
    case LeafNews::What::wrong:
      return wrong(news);
  }
}

void LeafFetcher::done(const LeafNews& news) {
  const auto [index, leaf, source] = std::tuple(news.stretch, news.leaf, news.source);
  const bool nearby = source < 0 || book().source(source).is_here();
  if (nearby) --nearby_in_sink_;
  if (source <= k_first_copy) {
    copied_ += stretches_[index].place(leaf).size();
    ++works_[index].tried[static_cast<std::size_t>(k_first_copy - source)].hits;
  }
  State& now = state(index, leaf);
  if (now == State::done) return;
  now = State::done;
  Work& work = works_[index];
  const ByteRange place = stretches_[index].place(leaf);
  work.verified += place.size();
  --work.left;
  if (source >= 0) {
    book().got(source, index, place.size());
    work.givers.insert(source);
    if (!nearby) work.fetched += place.size();
    manners_[static_cast<std::size_t>(source)].proven += place.size();
    manners_[static_cast<std::size_t>(source)].refusals = 0;
  }
  if (!nearby || source == k_own_file || effect_ == Effect::written) note_later(work, place);
  // Now it is known what is true, and who gave something else.
  const auto doubts = doubts_.extract({index, leaf});
  if (!doubts.empty()) {
    for (const Doubt& one : doubts.mapped()) {
      if (news.from_block && one.given == news.given)
        return keep_error(fail_about(std::string(k_tree), Code::unsupported, "its leaves cannot be proven one by one"));
      ban(one.source, "sent wrong bytes");
    }
  }
  if (work.left == 0) finish_stretch(index);
  if (!work.later.empty()) see_beginning(index);
}

void LeafFetcher::wrong(const LeafNews& news) {
  const std::size_t index = news.stretch;
  const int source = news.source;
  if (source < 0 || book().source(source).is_here()) return is_not_there(news);
  set_missing(index, news.leaf);
  if (book().source(source).kind == peers::Source::Kind::url && works_[index].givers.count(source) == 0) {
    return has_another_file(source, index);
  }
  const bool wrapped = stretches_[index].leaves->kind(news.leaf) == ipld::LeafKind::wrapped;
  if (!wrapped || news.from_block) return ban(source, "sent wrong bytes");
  // The content may be right all the same, and wrapped in an unusual way. The leaf's block will tell.
  auto& doubts = doubts_[{index, news.leaf}];
  for (const Doubt& one : doubts)
    if (one.source == source) return ban(source, "sent wrong bytes");
  doubts.push_back({source, news.given});
}

// Nobody has lied: the URL was only thought to be this file.
void LeafFetcher::has_another_file(int source, std::size_t index) {
  const auto is_of_it = [&](std::size_t stretch) { return stretches_[stretch].root == stretches_[index].root; };
  book().note(source, "has another file");
  for (std::size_t i = 0; i < stretches_.size(); ++i)
    if (is_of_it(i)) book().lacks(source, i);
  end_requests([&](const LeafRequest& one) { return one.source == source && is_of_it(one.stretch); });
}

void LeafFetcher::finish_stretch(std::size_t index) {
  Work& work = works_[index];
  if (work.taken) return;
  work.taken = true;
  work.wholes.clear();
  const Stretch& stretch = stretches_[index];
  if (work.unnoted.empty()) close(index);
  sink_.take(index, {stretch.file, {0, stretch.size()}, {}, {}});
}

void LeafFetcher::note_later(Work& work, ByteRange place) {
  if (!work.unnoted.empty() && work.unnoted.back().end == place.begin)
    work.unnoted.back().end = place.end;
  else
    work.unnoted.push_back(place);
  unsynced_ += place.size();
}

// Everything proven so far is synced by a helper, and noted when that is done.
void LeafFetcher::sync(Clock::time_point now) {
  const bool due = now - last_sync_ >= k_sync_after || unsynced_ >= k_sync_bytes || open_ > k_open_files;
  if (syncing_ || unsynced_ == 0 || !due) return;
  std::vector<std::size_t> touched;
  for (std::size_t i = 0; i < works_.size(); ++i) {
    if (works_[i].unnoted.empty()) continue;
    touched.push_back(i);
    for (const ByteRange& range : works_[i].unnoted) being_synced_.emplace_back(i, range);
    works_[i].unnoted.clear();
  }
  syncing_ = true;
  unsynced_ = 0;
  leaves_->sync(touched);
}

void LeafFetcher::close(std::size_t stretch) {
  if (!std::exchange(works_[stretch].is_open, false)) return;
  leaves_->close(stretch);
  --open_;
}

void LeafFetcher::note_what_is_synced() {
  syncing_ = false;
  last_sync_ = Clock::now();
  for (const auto& [stretch, range] : being_synced_) keep_error(sink_.note(stretch, range, BlockSink::Noted::here));
  for (const auto& [stretch, range] : being_synced_) {
    const Work& work = works_[stretch];
    if ((work.taken || work.given_up) && work.unnoted.empty()) close(stretch);
  }
  being_synced_.clear();
}

Result<void> LeafFetcher::advance(std::size_t first, std::size_t end) {
  first_ = first;
  end_ = end;
  auto now = Clock::now();
  EAI_CHECK(schedule(now));
  client_.poll(time_to_wait(now));
  read_mail();
  if (error_) return Failure(*error_);
  now = Clock::now();
  if (now - last_tick_ >= 100ms) {
    book().tick(now);
    last_tick_ = now;
  }
  sync(now);
  return {};
}

}  // namespace eai::fetch
