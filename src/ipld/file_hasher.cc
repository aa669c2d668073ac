#include "ipld/file_hasher.h"

#include <algorithm>

namespace eai::ipld {

static_assert(FileHasher::k_leaf % k_sha256_block == 0);

void FileHasher::update(ByteView bytes) {
  while (!bytes.empty()) {
    const auto now = static_cast<std::size_t>(std::min<std::uint64_t>(bytes.size(), k_leaf - in_leaf_));
    add(bytes.first(now));
    bytes = bytes.subspan(now);
    in_leaf_ += now;
    if (in_leaf_ == k_leaf) end_leaf();
  }
}

void FileHasher::add(ByteView bytes) {
  if (!in_lanes_) {
    whole_.update(bytes);
    leaf_.update(bytes);
    return;
  }
  if (!pending_.empty()) {
    const std::size_t more = std::min(bytes.size(), k_sha256_block - pending_.size());
    pending_.insert(pending_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(more));
    bytes = bytes.subspan(more);
    if (pending_.size() < k_sha256_block) return;
    add_to_both(whole_lane_, pending_, leaf_lane_, pending_);
    pending_.clear();
  }
  const ByteView blocks = bytes.first(bytes.size() / k_sha256_block * k_sha256_block);
  add_to_both(whole_lane_, blocks, leaf_lane_, blocks);
  bytes = bytes.subspan(blocks.size());
  pending_.assign(bytes.begin(), bytes.end());
}

void FileHasher::end_leaf() {
  leaves_.push_back(in_lanes_ ? leaf_lane_.end(pending_) : leaf_.finish());
  leaf_lane_ = {};
  leaf_ = {};
  in_leaf_ = 0;
}

Sha256 FileHasher::value_so_far() const { return in_lanes_ ? whole_lane_.end(pending_) : whole_.value_so_far(); }

Sha256 FileHasher::finish() {
  if (in_leaf_ > 0) end_leaf();
  return in_lanes_ ? whole_lane_.end(pending_) : whole_.finish();
}

}  // namespace eai::ipld
