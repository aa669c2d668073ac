// What of a stretch is found on this disk: what an earlier run left, other files of the store, block folders.
#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include "fetch/leaf_fetcher.h"
#include "peers/block_folder.h"

namespace eai::fetch {
namespace {

constexpr std::size_t k_nearby_at_once = 32;  // leaves that are read from this disk

// Whether the range of the file has any data, as opposed to a hole.
bool has_data(const UniqueFd& file, ByteRange range) {
  const off_t at = ::lseek(file.get(), static_cast<off_t>(range.begin), SEEK_DATA);
  return at >= 0 && static_cast<std::uint64_t>(at) < range.end;
}

}  // namespace

Result<void> LeafFetcher::begin(std::size_t index) {
  const Stretch& stretch = stretches_[index];
  Work& work = works_[index];
  work.begun = true;
  for (std::size_t leaf = stretch.first; leaf < stretch.end; ++leaf) {
    const ByteRange place = stretch.place(leaf);
    const bool noted = std::ranges::any_of(
        here_[index], [&](const ByteRange& one) { return one.begin <= place.begin && place.end <= one.end; });
    if (noted) {
      state(index, leaf) = State::done;
      --work.left;
      work.verified += place.size();
    } else {
      state(index, leaf) = State::in_sink;
      work.nearby.push_back({leaf, Place::own_file});
    }
  }
  here_[index] = {};
  // What is complete is not opened: it may be a link to another model's file, which nobody may write to.
  if (work.left == 0) {
    finish_stretch(index);
    return {};
  }
  EAI_CHECK(leaves_->open(index));
  work.is_open = true;
  ++open_;
  EAI_TRY(const UniqueFd own, open_file(stretch.file, O_RDONLY | O_NOFOLLOW));
  for (Nearby& one : work.nearby)
    if (!has_data(own, stretch.place(one.leaf))) one.place = Place::copies;
  put_off(index);
  see_beginning(index);
  work.wholes = find_wholes(stretch);
  return {};
}

std::vector<LeafFetcher::Whole> LeafFetcher::find_wholes(const Stretch& stretch) const {
  std::vector<Whole> found;
  for (int i = 0; i < static_cast<int>(book().size()); ++i) {
    const peers::Source& source = book().source(i);
    if (source.kind == peers::Source::Kind::folder) {
      auto block = peers::FolderBlock::open(source, stretch.root);
      if (block && block->size() == stretch.leaves->size()) found.push_back({block->file(), i, block->offset()});
    } else if (source.kind == peers::Source::Kind::file) {
      std::error_code error;
      if (fs::file_size(source.folder, error) != stretch.leaves->size()) continue;
      auto file = open_file(source.folder, O_RDONLY);
      if (file) found.push_back({std::make_shared<UniqueFd>(*std::move(file)), i});
    }
  }
  return found;
}

// Gives the helpers leaves that are on this disk; the others are missing.
void LeafFetcher::look_nearby(std::size_t index) {
  Work& work = works_[index];
  while (!work.nearby.empty() && nearby_in_sink_ < k_nearby_at_once) {
    const Nearby next = work.nearby.front();
    work.nearby.pop_front();
    const ipld::LeafTable& leaves = *stretches_[index].leaves;
    if (leaves.kind(next.leaf) == ipld::LeafKind::held) {
      const ByteView held = leaves.held(next.leaf);
      auto buffer = leaves_->buffer(held.size());
      buffer->bytes.assign(held.begin(), held.end());
      leaves_->give(index, next.leaf, k_own_file, LeafForm::content, std::move(buffer));
    } else if (next.place == Place::own_file) {
      leaves_->check(index, next.leaf, k_own_file);
    } else if (next.place == Place::copies && try_copy(index, next.leaf, next.from)) {
      // A helper reads it.
    } else if (!try_folders(index, next.leaf, next.place == Place::folders ? next.from : 0)) {
      set_missing(index, next.leaf);
      continue;
    }
    ++nearby_in_sink_;
  }
}

bool LeafFetcher::try_folders(std::size_t index, std::size_t leaf, std::size_t from) {
  Work& work = works_[index];
  const ipld::LeafTable& leaves = *stretches_[index].leaves;
  if (!work.wholes.empty()) work.from_whole.resize(leaves.count());
  if (!work.from_whole.empty()) work.from_whole[leaf] = !work.wholes.empty();
  if (!work.wholes.empty()) {
    const ByteRange range = leaves.range(leaf);
    const Whole& whole = work.wholes.front();
    leaves_->copy(index, leaf, whole.source, {{whole.file, whole.offset + range.begin, range.size()}}, effect_);
    return true;
  }
  for (int i = static_cast<int>(from); i < static_cast<int>(book().size()); ++i) {
    if (book().source(i).kind != peers::Source::Kind::folder) continue;
    auto block = peers::FolderBlock::open(book().source(i), leaves.cid(leaf));
    if (!block) continue;
    if (leaves.kind(leaf) == ipld::LeafKind::wrapped) {
      auto bytes = block->read(ipld::k_block_limit);
      if (!bytes) continue;
      auto buffer = leaves_->buffer(bytes->size());
      buffer->bytes = *std::move(bytes);
      leaves_->give(index, leaf, i, LeafForm::block, std::move(buffer));
      return true;
    }
    if (block->size() != leaves.range(leaf).size()) continue;
    leaves_->copy(index, leaf, i, {{block->file(), block->offset(), block->size()}}, effect_);
    return true;
  }
  return false;
}

bool LeafFetcher::try_copy(std::size_t index, std::size_t leaf, std::size_t copy) {
  const Stretch& stretch = stretches_[index];
  if (!stretch.copies) return false;
  const ByteRange place = stretch.place(leaf);
  std::vector<Copy> copies = stretch.copies->copies(place);
  while (copy < copies.size() && works_[index].tried[copy].is_hopeless()) ++copy;
  if (copy >= copies.size()) return false;
  // The file's beginning is looked into later.
  const Effect effect = place.begin < stretch.copies->wants() ? Effect::written : effect_;
  leaves_->copy(index, leaf, k_first_copy - static_cast<int>(copy), std::move(copies[copy]), effect);
  return true;
}

// Leaves of which nothing can be said before the file's beginning is here.
void LeafFetcher::put_off(std::size_t index) {
  Work& work = works_[index];
  const Stretch& stretch = stretches_[index];
  if (!stretch.copies || stretch.copies->wants() == 0) return;
  const auto waits = [&](const Nearby& one) {
    return one.place == Place::copies && stretch.place(one.leaf).begin >= stretch.copies->wants();
  };
  const auto first = std::stable_partition(work.nearby.begin(), work.nearby.end(), std::not_fn(waits));
  work.later.insert(work.later.end(), first, work.nearby.end());
  work.nearby.erase(first, work.nearby.end());
}

// Once it is proven, it tells where copies may lie, or that more of it is needed.
void LeafFetcher::see_beginning(std::size_t index) {
  Work& work = works_[index];
  const Stretch& stretch = stretches_[index];
  while (!work.later.empty()) {
    std::size_t leaf = stretch.first;
    for (; leaf < stretch.end && stretch.place(leaf).begin < stretch.copies->wants(); ++leaf)
      if (state(index, leaf) != State::done) return;
    const std::uint64_t proven = leaf < stretch.end ? stretch.place(leaf).begin : stretch.size();
    stretch.copies->see(stretch.file, proven);
    work.nearby.insert(work.nearby.end(), work.later.begin(), work.later.end());
    work.later.clear();
    put_off(index);
  }
}

// What was read from this disk is not the leaf. The next place is tried.
void LeafFetcher::is_not_there(const LeafNews& news) {
  --nearby_in_sink_;
  Work& work = works_[news.stretch];
  if (news.source == k_own_file) {
    work.nearby.push_back({news.leaf, Place::copies});
    put_off(news.stretch);
    see_beginning(news.stretch);  // it may be here already, so that no other leaf will tell
    return;
  }
  if (news.source < 0) {
    const auto copy = static_cast<std::size_t>(k_first_copy - news.source);
    ++work.tried[copy].misses;
    work.nearby.push_back({news.leaf, Place::copies, copy + 1});
    return;
  }
  book().note(news.source, "has other bytes");
  std::erase_if(work.wholes, [&](const Whole& one) { return one.source == news.source; });
  const bool was_whole = !work.from_whole.empty() && work.from_whole[news.leaf];
  work.nearby.push_back({news.leaf, Place::folders, was_whole ? 0 : static_cast<std::size_t>(news.source) + 1});
}

bool LeafFetcher::is_searched(std::size_t index) const {
  const Work& work = works_[index];
  return work.begun && work.nearby.empty() && work.later.empty() && nearby_in_sink_ == 0 && requests_.empty();
}

std::uint64_t LeafFetcher::end_search(std::size_t index) {
  const Stretch& stretch = stretches_[index];
  Work& work = works_[index];
  std::uint64_t sum = work.fetched;
  for (std::size_t leaf = stretch.first; leaf < stretch.end; ++leaf)
    if (state(index, leaf) != State::done) sum += stretch.place(leaf).size();
  work.given_up = true;
  if (work.unnoted.empty()) close(index);
  return sum;
}

}  // namespace eai::fetch
