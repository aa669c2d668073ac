// A piece's hash does not fit. Who sent the wrong bytes?
//
// One giver: it did. Several: the bytes of each are remembered by their hash, all is thrown away, and the piece is
// fetched from one source alone, until it fits. Then every remembered range is compared with the truth: whose does
// not fit lied; the others are not blamed.
#include <algorithm>
#include <set>

#include <unistd.h>

#include "fetch/hash_range.h"
#include "fetch/range_request.h"
#include "fetch/run.h"
#include "util/log.h"

namespace eai::fetch {
std::optional<int> Run::alone_next(std::size_t index) const {
  for (int source = 0; source < static_cast<int>(book_.size()); ++source) {
    if (book_.usable(source, index)) return source;
  }
  return std::nullopt;
}

void Run::throw_away(std::size_t index) {
  PieceWork& work = pieces_[index];
  end_requests([&](const RangeRequest& request) { return request.index == index; });
  if (work.plan) {
    for (const Segment& segment : work.plan->segments()) {
      if (segment.holding == Holding::here && segment.source >= 0) {
        book_.threw_away(segment.source, segment.range.size());
      }
    }
    keep_error(journal_->add({index, {0, std::max<std::uint64_t>(work.plan->size(), 1)}, false}));
  }
  work.plan.reset();
  work.size_from.reset();
  work.from_before.clear();
  work.generation = hasher_->reset(index);
  if (work.ours && work.file && ::ftruncate(work.file->get(), 0) != 0) {
    keep_error(fail_errno("cutting " + work.path.string(), errno));
  }
  if (work.piece.size_is_exact) keep_error(set_size(index, work.piece.size, k_nobody));
}

void Run::wrong_bytes(std::size_t index) {
  PieceWork& work = pieces_[index];
  std::set<int> givers;
  for (const Segment& segment : work.plan->segments()) givers.insert(segment.source);
  if (!work.ours) {
    book_.note(*givers.begin(), "has wrong bytes for " + work.piece.name);
    book_.threw_away(*givers.begin(), work.plan->size());
    work.generation = hasher_->reset(index);
    if (!take_from_folder(index)) keep_error(use_ours(index));
    return;
  }
  if (givers.contains(k_from_before)) {
    // A crash of the machine can cost bytes that were noted: nobody is blamed.
    log::warn("{}: what an earlier run left does not fit; it is fetched again", work.piece.name);
    return throw_away(index);
  }
  if (givers.size() > 1) return suspect_all(index, {givers.begin(), givers.end()});
  if (givers.empty()) {
    error_ = Error{Code::corrupt, work.piece.name + " is empty, and its hash is not that of no bytes"};
    return;
  }
  int liar = *givers.begin();
  throw_away(index);
  ban(liar, "sent wrong bytes for " + work.piece.name);
  if (work.only) work.only = alone_next(index);
}

void Run::suspect_all(std::size_t index, const std::vector<int>& givers) {
  PieceWork& work = pieces_[index];
  if (!givers.empty()) {
    for (const Segment& segment : work.plan->segments()) {
      auto hash = hash_range(work.file->get(), segment.range);
      if (hash) work.suspects.push_back({segment.source, segment.range, hash->finish()});
    }
  }
  throw_away(index);
  work.only = alone_next(index);
}

void Run::compare_suspects(std::size_t index) {
  PieceWork& work = pieces_[index];
  std::set<int> liars;
  for (const Suspect& suspect : work.suspects) {
    if (suspect.range.end > work.plan->size()) {
      liars.insert(suspect.source);
      continue;
    }
    auto hash = hash_range(work.file->get(), suspect.range);
    if (hash && hash->finish() != suspect.sha256) liars.insert(suspect.source);
  }
  work.suspects.clear();
  for (int liar : liars) {
    if (!book_.banned(liar)) ban(liar, "sent wrong bytes for " + work.piece.name);
  }
}

void Run::ban(int source, const std::string& why) {
  log::warn("{}: {}; not used again", book_.source(source).name, why);
  book_.ban(source, why);
  end_requests([&](const RangeRequest& request) { return request.source == source; });
  for (std::size_t index = first_; index < pieces_.size(); ++index) {
    PieceWork& work = pieces_[index];
    if (!work.begun || work.proven || !work.ours) continue;
    if (work.only == source) work.only = alone_next(index);
    if (!work.plan) continue;
    if (!work.piece.size_is_exact && work.size_from == source) {
      throw_away(index);
      continue;
    }
    std::vector<Segment> segments = work.plan->segments();
    for (const Segment& segment : segments) {
      if (segment.holding != Holding::here || segment.source != source) continue;
      book_.threw_away(source, segment.range.size());
      worthless(index, segment.range);
    }
  }
}

}  // namespace eai::fetch
