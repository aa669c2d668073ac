#include "fetch/files_fetch.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include "fetch/block_fetcher.h"
#include "store/leaf_check.h"
#include "util/text.h"

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_copy_step = k_mib;
constexpr const char* k_on_trial = "linked";  // in the partial folder

}  // namespace

FilesFetch::FilesFetch(Fetching of, const Trees* trees)
    : of_(std::move(of)), done_(of_.metadata.files.size()), trees_(trees) {
  for (const model::PartEntry& file : of_.metadata.files) {
    files_.push_back(
        {store::stored_name(of_.metadata.folder_name, of_.metadata.task, file.file_name), file.size, file.sha256});
  }
}

FilesFetch::~FilesFetch() {
  fetcher_.reset();  // first: its last notes go into the journal
}

Result<void> FilesFetch::prepare(Effect effect) {
  EAI_TRY(Resumed pieces, Resumed::read(of_, trees_ != nullptr ? Journal::Kind::leaves : Journal::Kind::hints));
  for (std::size_t index = 0; index < files_.size(); ++index) {
    Wanted piece = wanted_of(of_.metadata.files[index], of_.folder / files_[index].name);
    EAI_CHECK(make_folders(piece.file.parent_path(), 0700));
    EAI_CHECK(pieces.add(std::move(piece)));
  }
  EAI_TRY(journal_, pieces.begin_journal(of_));
  if (trees_ == nullptr) {
    if (effect == Effect::written) EAI_CHECK(check_space());
    fetcher_ = std::make_unique<BlockFetcher>(pieces.take(), of_.client, *this);
    return {};
  }
  std::vector<Wanted> wanted = pieces.take();
  EAI_CHECK(look_here(wanted, effect));
  if (effect == Effect::written) EAI_CHECK(check_space());
  std::vector<Stretch> stretches;
  std::vector<std::vector<ByteRange>> here;
  for (Wanted& piece : wanted) {
    const std::size_t index = stretches.size();
    const auto& leaves = trees_->leaves[index];
    stretches.push_back({leaves, 0, leaves->count(), piece.cid, std::move(piece.name), std::move(piece.file)});
    stretches.back().copies = std::make_shared<LocalCopies>(local_, files_[index]);
    here.push_back(std::move(piece.here));
  }
  EAI_TRY(auto leaves, LeafFetcher::start(std::move(stretches), std::move(here), of_.client, *this, effect));
  leaves_ = leaves.get();
  fetcher_ = std::move(leaves);
  return {};
}

// Files of which the store has the whole. A link is of this run alone, and noted nowhere: until the next run the file may
// change, and what changed must be neither believed nor written over in a file that is another model's, too.
Result<void> FilesFetch::look_here(std::vector<Wanted>& pieces, Effect effect) {
  local_ = std::make_shared<LocalFiles>(of_.store, of_.id, of_.metadata);
  EAI_CHECK(eai::remove_all(of_.folder / k_on_trial));
  of_.reporter.begin_parts(0, 0);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    struct stat info {};
    const bool exists = ::lstat(pieces[i].file.c_str(), &info) == 0;
    if (exists && info.st_nlink == 1 && info.st_size > 0) continue;
    if (exists) EAI_CHECK(eai::remove_all(pieces[i].file));
    pieces[i].here.clear();
    for (const LocalFile& file : local_->all()) {
      if (!file.is_sound || !ipld::matches(file.sha256, files_[i].sha256) || file.size != files_[i].size) continue;
      EAI_TRY(const bool whole, take_whole(file.path, i, effect));
      if (!whole) continue;
      pieces[i].here = {{0, file.size}};
      linked_ += file.size;
      break;
    }
    if (pieces[i].here.empty() && effect == Effect::written) EAI_CHECK(mend_a_clone(i, pieces[i]));
  }
  return {};
}

// The damaged file stays as it is, since it may be served, and may be another model's, too.
Result<void> FilesFetch::mend_a_clone(std::size_t piece, Wanted& wanted) {
  const store::StoredFile& file = files_[piece];
  const auto damaged = std::ranges::find_if(local_->all(), [&](const LocalFile& local) {
    return local.of_this_model && local.name == file.name && local.size == file.size;
  });
  if (damaged == local_->all().end()) return {};
  std::uint64_t read = 0;
  const auto progress = [&](std::uint64_t bytes) {
    read += bytes;
    of_.reporter.show(Clock::now(), linked_ + read, linked_ + read);
  };
  const ipld::LeafTable& leaves = *trees_->leaves[piece];
  EAI_TRY(const auto bad, store::clone_to_mend(damaged->path, of_.folder / k_on_trial, wanted.file, leaves,
                                               of_.share_blocks, progress, of_.stop));
  if (!bad) return {};
  std::uint64_t at = 0;
  const auto add = [&](std::uint64_t end) {
    if (end > at) wanted.here.push_back({at, end});
    linked_ += end - at;
  };
  for (const std::size_t leaf : *bad) {
    add(leaves.range(leaf).begin);
    at = leaves.range(leaf).end;
  }
  add(leaves.size());
  return {};
}

// Whether the file is the wanted one; with Effect::written it is then linked.
Result<bool> FilesFetch::take_whole(const fs::path& file, std::size_t piece, Effect effect) {
  std::uint64_t read = 0;
  const auto progress = [&](std::uint64_t bytes) {
    read += bytes;
    of_.reporter.show(Clock::now(), linked_ + read, linked_ + read);
  };
  const ipld::LeafTable& leaves = *trees_->leaves[piece];
  if (effect == Effect::written) {
    return store::clone_if_whole(file, of_.folder / k_on_trial, of_.folder / files_[piece].name, leaves, progress,
                                 of_.stop);
  }
  const auto damaged = store::find_damaged_leaves(file, leaves, progress, of_.stop);
  if (damaged) return damaged->empty();
  if (damaged.error().code == Code::cancelled) return Failure(damaged.error());
  return false;
}

Result<void> FilesFetch::check_space() const {
  const std::uint64_t total = of_.metadata.total_size(), here = std::min(total, room_taken_by(of_.folder));
  EAI_TRY(const std::uint64_t room, free_space(of_.folder));
  if (total - here <= room) return {};
  return fail(Code::io, "too little space in " + of_.folder.string() + ": the model takes " + human_bytes(total) +
                            ", of which " + human_bytes(here) + " are here already, and " + human_bytes(room) +
                            " are free: free " + human_bytes(total - here - room) + " or set EAI_HOME to another disk");
}

Result<void> FilesFetch::note(std::size_t piece, ByteRange range, Noted what) {
  return journal_->add({piece, range, what == Noted::here});
}

void FilesFetch::take(std::size_t piece, Proven proven) {
  if (proven.block && disk_) disk_ = copy_block(piece, proven);
  done_[piece] = true;
}

// What is written is hashed again, because others may change the folder's file at any time.
Result<void> FilesFetch::copy_block(std::size_t piece, const Proven& proven) {
  EAI_TRY(const UniqueFd to, open_file(of_.folder / files_[piece].name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW));
  Bytes buffer(k_copy_step);
  ipld::Sha256Hasher hasher;
  for (std::uint64_t at = proven.range.begin; at < proven.range.end;) {
    if (of_.stop.stop_requested()) return {};
    std::span<std::uint8_t> into(buffer.data(), std::min<std::uint64_t>(buffer.size(), proven.range.end - at));
    EAI_CHECK(read_at(proven.block->file()->get(), at, into));
    hasher.update(into);
    if (auto written = write_at(to.get(), at - proven.range.begin, into); !written) {
      return Failure(std::move(written).error().with(files_[piece].name));
    }
    at += into.size();
  }
  if (ipld::matches(proven.hash, hasher.finish())) return {};
  return fail(Code::corrupt, proven.file.string() + " was changed while it was read");
}

FilesFetch::Count FilesFetch::count() const {
  Count out;
  for (std::size_t index = 0; index < files_.size(); ++index) {
    const std::uint64_t here = done_[index] ? files_[index].size : fetcher_->bytes_here(index);
    if (done_[index] || trees_ != nullptr) out.verified += here;
    out.received += here;
  }
  return out;
}

Result<std::vector<store::StoredFile>> FilesFetch::finish() {
  const std::stop_callback wake(of_.stop, [this] { of_.client.wake(); });
  EAI_CHECK(prepare(Effect::written));
  of_.reporter.begin_parts(count().verified, count().received);
  while (true) {
    if (of_.stop.stop_requested()) {
      return fail(Code::cancelled, "stopped; what has arrived is kept, and the next run goes on from there");
    }
    const auto first = std::find(done_.begin(), done_.end(), false);
    if (first == done_.end()) return std::move(files_);
    EAI_CHECK(fetcher_->advance(static_cast<std::size_t>(first - done_.begin()), files_.size()));
    EAI_CHECK(std::exchange(disk_, Result<void>()));
    const Count now = count();
    of_.reporter.from_this_disk(linked_ + fetcher_->bytes_copied());
    of_.reporter.show(Clock::now(), now.verified, now.received);
  }
}

Result<std::uint64_t> FilesFetch::missing() {
  const std::stop_callback wake(of_.stop, [this] { of_.client.wake(); });
  EAI_CHECK(prepare(Effect::found));
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < files_.size(); ++i) {
    if (leaves_ == nullptr) {
      sum += files_[i].size - std::min(files_[i].size, fetcher_->bytes_here(i));
      continue;
    }
    while (!leaves_->is_searched(i)) {
      if (of_.stop.stop_requested()) return fail(Code::cancelled, "stopped");
      EAI_CHECK(leaves_->advance(i, i + 1));
      const Count now = count();
      of_.reporter.show(Clock::now(), now.verified, now.received);
    }
    sum += leaves_->end_search(i);
  }
  return sum;
}

}  // namespace eai::fetch
