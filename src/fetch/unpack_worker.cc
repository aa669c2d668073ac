#include "fetch/unpack_worker.h"

#include <algorithm>

#include <fcntl.h>

#include "util/log.h"

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_read_step = 256 * k_kib;
// Small parts share a checkpoint: each costs a few syncs.
constexpr std::uint64_t k_checkpoint_step = 16 * k_mib;

fs::path checkpoint_path(const fs::path& folder) { return folder / "checkpoint"; }

}  // namespace

UnpackWorker::UnpackWorker(fs::path folder, const model::UnpackRules& rules, std::size_t pieces, UnpackMail& mail)
    : folder_(std::move(folder)), rules_(rules), pieces_(pieces), mail_(mail) {}

Result<std::unique_ptr<UnpackWorker>> UnpackWorker::begin(const fs::path& folder, const model::UnpackRules& rules,
                                                          std::size_t pieces, UnpackMail& mail) {
  std::unique_ptr<UnpackWorker> worker(new UnpackWorker(folder, rules, pieces, mail));
  worker->start_over();
  if (auto restored = worker->restore(); !restored) {
    if (restored.error().code == Code::io) return Failure(std::move(restored).error());
    if (restored.error().code != Code::not_found) log::warn("unpacking begins anew: {}", restored.error().message);
    worker->start_over();
    EAI_CHECK(forget(folder));
  }
  worker->thread_ = std::thread([raw = worker.get()] { raw->run(); });
  return worker;
}

Result<void> UnpackWorker::forget(const fs::path& folder) { return eai::remove_all(checkpoint_path(folder)); }

void UnpackWorker::start_over() {
  first_ = 0;
  unpacker_.reset();
  writer_.emplace(folder_, rules_.folder_name, rules_.task);
  unpacker_.emplace(rules_, *writer_);
}

Result<void> UnpackWorker::restore() {
  EAI_TRY(Bytes bytes, read_file(checkpoint_path(folder_), 16 * k_mib));
  EAI_TRY(Checkpoint checkpoint, decode_checkpoint(bytes));
  if (checkpoint.pieces > pieces_) return fail(Code::corrupt, "the checkpoint is of another model");
  EAI_CHECK(writer_->restore(checkpoint.files));
  EAI_TRY(unpacker_, model::Unpacker::resume(checkpoint.unpacker, rules_, *writer_));
  first_ = checkpoint.pieces;
  return {};
}

UnpackWorker::~UnpackWorker() {
  {
    std::lock_guard hold(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void UnpackWorker::give(std::size_t piece, Proven proven) {
  {
    std::lock_guard hold(mutex_);
    given_.emplace(piece, std::move(proven));
  }
  changed_.notify_one();
}

void UnpackWorker::run() {
  for (std::size_t next = first_; next < pieces_; ++next) {
    Proven piece;
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [&] { return stop_ || given_.contains(next); });
      if (stop_) return;
      piece = std::move(given_.extract(next).mapped());
    }
    auto done = unpack(piece);
    if (stop_) return;
    if (done && !piece.block) spent_.push_back(piece.file);
    if (done) done = settle(next + 1);
    if (!done) return mail_.put(Failure(std::move(done).error()));
    mail_.put(next + 1);
  }
}

Result<void> UnpackWorker::unpack(const Proven& piece) {
  UniqueFd own;
  if (!piece.block) {
    EAI_TRY(own, open_file(piece.file, O_RDONLY));
  }
  const int fd = piece.block ? piece.block->file()->get() : own.get();
  const bool hash_again = piece.block && !piece.block->unchanged();
  Bytes buffer(k_read_step);
  ipld::Sha256Hasher hasher;
  for (std::uint64_t at = piece.range.begin; at < piece.range.end;) {
    if (stop_) return {};
    std::span<std::uint8_t> into(buffer.data(), std::min<std::uint64_t>(buffer.size(), piece.range.end - at));
    EAI_CHECK(read_at(fd, at, into));
    if (hash_again) hasher.update(into);
    EAI_CHECK(unpacker_->feed(into));
    at += into.size();
  }
  since_checkpoint_ += piece.range.size();
  const bool same = hash_again ? ipld::matches(piece.hash, hasher.finish()) : !piece.block || piece.block->unchanged();
  if (same) return {};
  return fail(Code::corrupt, piece.file.string() + " was changed while it was read");
}

Result<void> UnpackWorker::settle(std::size_t next) {
  if (next < pieces_ && since_checkpoint_ < k_checkpoint_step) return {};
  EAI_CHECK(writer_->sync());
  Checkpoint checkpoint{next, writer_->written(), unpacker_->checkpoint()};
  EAI_CHECK(write_file_atomic(checkpoint_path(folder_), encode(checkpoint)));
  for (const fs::path& path : spent_) EAI_CHECK(eai::remove_all(path));
  spent_.clear();
  since_checkpoint_ = 0;
  return {};
}

Result<Fetched> UnpackWorker::finish() {
  if (thread_.joinable()) thread_.join();
  EAI_CHECK(unpacker_->finish());
  return Fetched{writer_->stored(), writer_->take_leaves()};
}

}  // namespace eai::fetch
