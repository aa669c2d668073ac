#include "library/byte_progress.h"

namespace eai::library {
namespace {

constexpr auto k_between_tellings = std::chrono::milliseconds(100);

}  // namespace

ByteProgress::ByteProgress(Feed& feed, std::string subject, std::string hash) : feed_(feed) {
  now_.subject = std::move(subject);
  now_.hash = std::move(hash);
}

void ByteProgress::begin(Phase phase, std::uint64_t done, std::uint64_t total) {
  now_.phase = phase;
  meter_ = {};
  told_ = {};
  reach(done, total);
}

void ByteProgress::reach(std::uint64_t done, std::uint64_t total) {
  const auto at = RateMeter::Clock::now();
  meter_.update(done, at);
  now_.done = now_.received = done;
  now_.total = total;
  if (done < total && at - told_ < k_between_tellings) return;
  told_ = at;
  now_.bytes_per_second = meter_.bytes_per_second();
  now_.time_left = meter_.time_left(done, total);
  feed_.progress(now_);
}

}  // namespace eai::library
