// What came of a request.
#include <algorithm>

#include "fetch/leaf_fetcher.h"
#include "fetch/leaf_request.h"

namespace eai::fetch {
namespace {

constexpr int k_most_refusals = 3;  // of single blocks in a row, by a source that has given none

}  // namespace

// The leaves that it owes are free again, unless another request has them.
void LeafFetcher::let_go(const LeafRequest& request) {
  for (std::size_t leaf = request.at; leaf < request.end; ++leaf)
    if (state(request.stretch, leaf) == State::asked && !is_asked(request.stretch, leaf))
      set_missing(request.stretch, leaf);
}

void LeafFetcher::ended(LeafRequest& request, const peers::Question& question, const peers::Ending& ending) {
  const auto own = requests_.extract(request.id);  // it lives until the end of this call
  let_go(request);
  judge_end(request, question, ending);
}

void LeafFetcher::judge_end(const LeafRequest& request, const peers::Question& question, const peers::Ending& ending) {
  if (request.complete() || error_) return;
  Manner& manner = manners_[static_cast<std::size_t>(request.source)];
  const bool has_blocks = book().source(request.source).kind == peers::Source::Kind::gateway;
  if (request.ranges_ignored) {
    book().note(request.source, "ignores ranges");
    manner.ignores_ranges = true;
    manner.way = has_blocks ? Way::blocks : Way::whole;
    return;
  }
  if (request.other_size && !has_blocks) return has_another_file(request.source, request.stretch);
  if (request.other_size) {
    book().note(request.source, "has content of another size");
    manner.way = Way::blocks;
    return;
  }
  if (ending.judgement && ending.judgement->refused()) return refused(request, question, ending);
  const bool some_came = ending.good() && request.at > request.first;
  if (some_came && ending.outcome && ending.judgement->length_known) return;  // a shorter part than asked for
  client_.blame(question, ending);
  if (book().banned(request.source)) ban(request.source, {});
}

void LeafFetcher::refused(const LeafRequest& request, const peers::Question& question, const peers::Ending& ending) {
  Manner& manner = manners_[static_cast<std::size_t>(request.source)];
  const bool has_blocks = book().source(request.source).kind == peers::Source::Kind::gateway;
  if (request.way == Way::ranges && has_blocks) {
    book().note(request.source, ending.judgement->why);
    manner.way = Way::blocks;
  } else if (!has_blocks || request.way == Way::whole || manner.proven > 0) {
    client_.blame(question, ending);
  } else if (++manner.refusals >= k_most_refusals) {
    if (manner.ignores_ranges)
      manner.way = Way::whole;
    else
      book().lacks(request.source, request.stretch, ending.judgement->why);
  }
}

void LeafFetcher::end_requests(const std::function<bool(const LeafRequest&)>& which) {
  for (auto it = requests_.begin(); it != requests_.end();) {
    if (!which(*it->second)) {
      ++it;
      continue;
    }
    client_.cancel(it->first);
    const auto own = std::move(it->second);
    it = requests_.erase(it);
    let_go(*own);
  }
}

void LeafFetcher::ban(int source, const std::string& why) {
  if (!why.empty() && !book().banned(source)) book().lied(source, why);
  end_requests([&](const LeafRequest& request) { return request.source == source; });
}

}  // namespace eai::fetch
