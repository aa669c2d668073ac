// What came of a request.
#include <algorithm>

#include "fetch/block_fetcher.h"
#include "fetch/range_request.h"

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_error_text_limit = 4 * k_kib;

// The start of an error text that a gateway appended to a body of untold length; nothing if there is none.
std::optional<std::uint64_t> appended_error(const InWork& work, ByteRange received) {
  std::uint64_t begin = received.end - std::min(received.size(), k_error_text_limit);
  Bytes tail(received.end - begin);
  if (!read_at(work.file->get(), work.base() + begin, tail)) return std::nullopt;
  auto at = peers::find_appended_error(tail);
  if (!at) return std::nullopt;
  return begin + *at;
}

}  // namespace

void BlockFetcher::keep_error(Result<void> result) {
  if (!result && !error_) error_ = std::move(result).error();
}

void BlockFetcher::arrived(std::size_t index, ByteRange range, int source) {
  InWork& work = pieces_[index];
  work.plan->set(range, Holding::here, source);
  keep_error(sink_.note(index, range, BlockSink::Noted::here));
  book().got(source, index, range.size());
  hasher_.extend(index, work.file, work.base(), work.plan->prefix(), work.plan->size());
}

void BlockFetcher::worthless(std::size_t index, ByteRange range) {
  InWork& work = pieces_[index];
  std::uint64_t hashed = work.plan->prefix();
  work.plan->set(range, Holding::missing, k_nobody);
  keep_error(sink_.note(index, range, BlockSink::Noted::worthless));
  if (range.begin >= hashed) return;
  work.generation = hasher_.reset(index);
  hasher_.extend(index, work.file, work.base(), work.plan->prefix(), work.plan->size());
}

// What it received counts, and the rest of its range is free again.
void BlockFetcher::settle(RangeRequest& request) {
  InWork& work = pieces_[request.index];
  --work.requests;
  request.note();
  if (work.plan) work.plan->set({request.position, request.range.end}, Holding::missing, k_nobody);
}

void BlockFetcher::ended(RangeRequest& request, const peers::Question& question, const peers::Ending& ending) {
  auto own = requests_.extract(request.id);  // it lives until the end of this call
  settle(request);
  judge_end(request, question, ending);
}

void BlockFetcher::judge_end(RangeRequest& request, const peers::Question& question, const peers::Ending& ending) {
  if (request.complete() || error_) return;
  const InWork& work = pieces_[request.index];
  if (request.ranges_ignored) {
    book().note(request.source, "ignores ranges");
    return book().ranges_ignored(request.source);
  }
  // 416: nothing is there, where somebody said there is.
  const bool nothing_there =
      ending.judgement && ending.judgement->status == 416 && work.plan && !work.wanted.size_is_exact;
  if (request.other_size || nothing_there) {
    if (work.only == request.source) {
      book().lacks(request.source, request.index, "contradicts itself about the size of the content");
    }
    return suspect_all(request.index, {});
  }
  const ByteRange received{request.range.begin, request.position};
  const bool some_came = ending.good() && received.size() > 0;
  if (some_came && ending.outcome && ending.judgement->length_known) return;  // a shorter part than asked for
  if (some_came && !ending.judgement->length_known) {
    if (auto at = appended_error(work, received)) {
      worthless(request.index, {*at, received.end});
      return client_.blame(question, {ending.judgement,
                                      fail(Code::network, "gave up in the middle, with an error text in the content")});
    }
  }
  client_.blame(question, ending);
  if (book().banned(request.source)) drop_bytes_of(request.source);
}

void BlockFetcher::end_requests(const std::function<bool(const RangeRequest&)>& which) {
  for (auto it = requests_.begin(); it != requests_.end();) {
    RangeRequest& request = *it->second;
    if (!which(request)) {
      ++it;
      continue;
    }
    client_.cancel(it->first);
    settle(request);
    it = requests_.erase(it);
  }
}

}  // namespace eai::fetch
