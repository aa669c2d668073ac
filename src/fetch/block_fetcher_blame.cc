// A piece's hash does not fit. Who sent the wrong bytes?
//  If there was one giver, it did. If there were several, the bytes of each are remembered by their hash, everything is
// thrown away, and the piece is fetched from one source alone until it fits. Then every remembered range is compared
// with the truth: the givers of those that do not fit lied, and the others are not blamed.
#include <algorithm>
#include <set>

#include "fetch/block_fetcher.h"
#include "fetch/hash_range.h"
#include "fetch/range_request.h"
#include "ipld/hash.h"
#include "util/log.h"

namespace eai::fetch {
std::optional<int> BlockFetcher::alone_next(std::size_t index) const {
  for (int source = 0; source < static_cast<int>(book().size()); ++source) {
    if (book().usable(source, index)) return source;
  }
  return std::nullopt;
}

void BlockFetcher::throw_away(std::size_t index) {
  InWork& work = pieces_[index];
  end_requests([&](const RangeRequest& request) { return request.index == index; });
  if (work.plan) {
    for (const Segment& segment : work.plan->segments()) {
      if (segment.holding == Holding::here && segment.source >= 0) {
        book().threw_away(segment.source, segment.range.size());
      }
    }
    keep_error(sink_.note(index, {0, std::max<std::uint64_t>(work.plan->size(), 1)}, BlockSink::Noted::worthless));
  }
  work.plan.reset();
  work.size_from.reset();
  work.wanted.here.clear();
  work.generation = hasher_.reset(index);
  if (work.wanted.size_is_exact) keep_error(set_size(index, work.wanted.size, k_nobody));
}

void BlockFetcher::wrong_bytes(std::size_t index) {
  InWork& work = pieces_[index];
  std::set<int> givers;
  for (const Segment& segment : work.plan->segments()) givers.insert(segment.source);
  if (work.block) {
    book().note(*givers.begin(), "has wrong bytes for " + work.wanted.name);
    book().threw_away(*givers.begin(), work.plan->size());
    work.generation = hasher_.reset(index);
    if (!take_from_folder(index)) keep_error(use_own_file(index));
    return;
  }
  if (givers.contains(k_from_before)) {
    // A crash of the machine can cost bytes that were noted: nobody is blamed.
    log::warn("{}: what an earlier run left does not fit; it is fetched again", work.wanted.name);
    return throw_away(index);
  }
  if (givers.size() > 1) return suspect_all(index, {givers.begin(), givers.end()});
  if (givers.empty()) {
    error_ = Error{Code::corrupt, work.wanted.name + " is empty, and its hash is not that of no bytes"};
    return;
  }
  int liar = *givers.begin();
  throw_away(index);
  ban(liar, work);
  if (work.only) work.only = alone_next(index);
}

void BlockFetcher::suspect_all(std::size_t index, const std::vector<int>& givers) {
  InWork& work = pieces_[index];
  if (!givers.empty()) {
    for (const Segment& segment : work.plan->segments()) {
      auto hash = hash_of(work, segment.range);
      if (hash) work.suspects.push_back({segment.source, segment.range, *hash});
    }
  }
  throw_away(index);
  work.only = alone_next(index);
}

void BlockFetcher::compare_suspects(std::size_t index) {
  InWork& work = pieces_[index];
  std::set<int> liars;
  for (const Suspect& suspect : work.suspects) {
    if (suspect.range.end > work.plan->size()) {
      liars.insert(suspect.source);
      continue;
    }
    auto hash = hash_of(work, suspect.range);
    if (hash && !ipld::matches(suspect.sha256, *hash)) liars.insert(suspect.source);
  }
  work.suspects.clear();
  for (int liar : liars) {
    if (!book().banned(liar)) ban(liar, work);
  }
  for (int liar : work.accused) book().lied(liar, {});
}

void BlockFetcher::ban(int source, InWork& work) {
  const std::string why = "sent wrong bytes for " + work.wanted.name;
  log::warn("{}: {}; not used again", book().source(source).name, why);
  const bool cid_says_so = work.wanted.cid.codec() == ipld::Codec::raw && work.wanted.cid.hash() == work.wanted.hash;
  if (cid_says_so || work.proven) {
    book().lied(source, why);
  } else {
    book().ban(source, why);
    work.accused.insert(source);
  }
  drop_bytes_of(source);
}

// Whatever comes from it or came from it, and is not proven.
void BlockFetcher::drop_bytes_of(int source) {
  end_requests([&](const RangeRequest& request) { return request.source == source; });
  for (std::size_t index = first_; index < end_; ++index) {
    InWork& work = pieces_[index];
    if (!work.begun || work.proven || work.block) continue;
    if (work.only == source) work.only = alone_next(index);
    if (!work.plan) continue;
    if (!work.wanted.size_is_exact && work.size_from == source) {
      throw_away(index);
      continue;
    }
    std::vector<Segment> segments = work.plan->segments();
    for (const Segment& segment : segments) {
      if (segment.holding != Holding::here || segment.source != source) continue;
      book().threw_away(source, segment.range.size());
      worthless(index, segment.range);
    }
  }
}

Result<ipld::Sha256> BlockFetcher::hash_of(const InWork& work, ByteRange range) const {
  ipld::Sha256Hasher hasher;
  EAI_CHECK(hash_range(work.file->get(), {work.base() + range.begin, work.base() + range.end}, hasher));
  return hasher.finish();
}

}  // namespace eai::fetch
