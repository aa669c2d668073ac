// What came of a request.
#include <algorithm>

#include "fetch/range_request.h"
#include "fetch/run.h"

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_error_text_limit = 4 * k_kib;

// The start of an error text that a gateway appended to a body of untold length; nothing if there is none.
std::optional<std::uint64_t> appended_error(const PieceWork& work, ByteRange received) {
  std::uint64_t begin = received.end - std::min(received.size(), k_error_text_limit);
  Bytes tail(received.end - begin);
  if (!read_at(work.file->get(), begin, tail)) return std::nullopt;
  auto at = find_appended_error(tail);
  if (!at) return std::nullopt;
  return begin + *at;
}

}  // namespace

void Run::keep_error(Result<void> result) {
  if (!result && !error_) error_ = std::move(result).error();
}

void Run::arrived(std::size_t index, ByteRange range, int source) {
  PieceWork& work = pieces_[index];
  work.plan->set(range, Holding::here, source);
  keep_error(journal_->add({index, range, true}));
  book_.got(source, index, range.size());
  hasher_->extend(index, work.file, work.plan->prefix(), work.plan->size());
}

void Run::worthless(std::size_t index, ByteRange range) {
  PieceWork& work = pieces_[index];
  std::uint64_t hashed = work.plan->prefix();
  work.plan->set(range, Holding::missing, k_nobody);
  keep_error(journal_->add({index, range, false}));
  if (range.begin >= hashed) return;
  work.generation = hasher_->reset(index);
  hasher_->extend(index, work.file, work.plan->prefix(), work.plan->size());
}

void Run::ended(RangeRequest& request, const Result<void>& outcome) {
  auto own = requests_.end();
  for (auto it = requests_.begin(); it != requests_.end(); ++it) {
    if (it->second.get() == &request) own = it;
  }
  auto alive = std::move(own->second);
  requests_.erase(own);
  PieceWork& work = pieces_[request.index];
  --work.requests;
  book_.ended(request.source);
  request.note();
  if (work.plan) work.plan->set({request.position, request.range.end}, Holding::missing, k_nobody);
  judge_end(request, outcome);
}

void Run::judge_end(RangeRequest& request, const Result<void>& outcome) {
  if (request.complete() || error_) return;
  const Answer& answer = request.answer;
  bool good = request.judged && answer.meaning == Answer::Meaning::good;
  if (good && answer.ranges_ignored) {
    book_.note(request.source, "ignores ranges");
    return book_.ranges_ignored(request.source);
  }
  if (request.other_size) {
    if (pieces_[request.index].only == request.source) {
      book_.lacks(request.source, request.index, "contradicts itself about the size of the content");
    }
    return suspect_all(request.index, {});
  }
  if (request.judged && answer.meaning == Answer::Meaning::lacks) {
    if (request.form == Form::raw_block && book_.fall_back_to_files(request.source)) return;
    return book_.lacks(request.source, request.index, answer.why);
  }
  if (!outcome && outcome.error().code == Code::invalid) {  // we refuse to ask it, now and later
    return ban(request.source, outcome.error().message);
  }
  ByteRange received{request.range.begin, request.position};
  if (outcome && good && answer.length_known && received.size() > 0) return;  // a shorter part than asked for
  std::string why = outcome ? "the body ended early" : outcome.error().message;
  if (good && !answer.length_known && received.size() > 0) {
    if (auto at = appended_error(pieces_[request.index], received)) {
      worthless(request.index, {*at, received.end});
      why = "gave up in the middle, with an error text in the content";
    }
  }
  book_.trouble(request.source, request.index, why, answer.retry_after, Clock::now());
}

void Run::end_requests(const std::function<bool(const RangeRequest&)>& which) {
  for (auto it = requests_.begin(); it != requests_.end();) {
    RangeRequest& request = *it->second;
    if (!which(request)) {
      ++it;
      continue;
    }
    transfers_.cancel(it->first);
    PieceWork& work = pieces_[request.index];
    --work.requests;
    book_.ended(request.source);
    request.note();
    if (work.plan) work.plan->set({request.position, request.range.end}, Holding::missing, k_nobody);
    it = requests_.erase(it);
  }
}

}  // namespace eai::fetch
