#include "fetch/piece_hasher.h"

#include <algorithm>

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_step = 512 * k_kib;

}  // namespace

PieceHasher::PieceHasher(HashMail& mail) : mail_(mail), thread_([this] { run(); }) {}

PieceHasher::~PieceHasher() {
  {
    std::lock_guard hold(mutex_);
    stop_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void PieceHasher::extend(std::size_t piece, const std::shared_ptr<UniqueFd>& file, std::uint64_t base,
                         std::uint64_t prefix, std::uint64_t size) {
  {
    std::lock_guard hold(mutex_);
    Job& job = jobs_[piece];
    job.file = file;
    job.base = base;
    job.prefix = std::max(job.prefix, prefix);
    job.size = size;
    if (!job.waits()) return;
  }
  changed_.notify_one();
}

std::uint64_t PieceHasher::reset(std::size_t piece) {
  std::lock_guard hold(mutex_);
  jobs_[piece] = Job{};
  return jobs_[piece].generation = ++generations_;
}

std::map<std::size_t, PieceHasher::Job>::iterator PieceHasher::find_work() {
  return std::find_if(jobs_.begin(), jobs_.end(), [](const auto& one) { return one.second.waits(); });
}

void PieceHasher::run() {
  Bytes buffer(k_step);
  std::unique_lock hold(mutex_);
  while (true) {
    auto work = jobs_.end();
    changed_.wait(hold, [&] { return stop_ || (work = find_work()) != jobs_.end(); });
    if (stop_) return;
    auto& [piece, job] = *work;
    if (job.hashed == job.size) {
      HashNews news{piece, job.generation, job.hasher.finish()};
      job.reported = true;
      job.file.reset();
      hold.unlock();
      mail_.put(std::move(news));
      hold.lock();
      continue;
    }
    // The hasher is taken along, since reset() may replace the job in the meantime.
    auto file = job.file;
    auto hasher = std::move(job.hasher);
    std::uint64_t at = job.hashed;
    std::uint64_t base = job.base;
    std::uint64_t generation = job.generation;
    std::size_t number = piece;
    ByteRange range{at, std::min(job.prefix, at + k_step)};
    hold.unlock();
    std::span<std::uint8_t> into(buffer.data(), range.size());
    auto read = read_at(file->get(), base + range.begin, into);
    if (read) hasher.update(into);
    if (!read) mail_.put({number, generation, Failure(std::move(read).error())});
    hold.lock();
    if (Job& same = jobs_[number]; same.generation == generation) {
      same.hasher = std::move(hasher);
      same.hashed = range.end;
    }
  }
}

}  // namespace eai::fetch
