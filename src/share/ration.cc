#include "share/ration.h"

#include <algorithm>
#include <utility>

namespace eai::share {

// What a taker may get at once before the rate counts, so that small answers are never held up.
static constexpr std::chrono::milliseconds k_advance{250};

Ration::Ticket::Ticket(Ticket&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)), taker_(other.taker_), kind_(other.kind_) {}

Ration::Ticket::~Ticket() {
  if (of_ == nullptr) return;
  --of_->answers_;
  if (kind_ == Kind::walk) {
    --of_->walks_;
    --taker_->second.walks;
  }
  if (--taker_->second.answers == 0) of_->takers_.erase(taker_);
}

Ration::Clock::duration Ration::Ticket::pause_after(std::uint64_t bytes, Clock::time_point now) {
  const std::uint64_t rate = of_->limits_.rate;
  if (rate == 0) return {};
  const std::chrono::duration<double> cost(static_cast<double>(bytes) * static_cast<double>(of_->takers_.size()) /
                                           static_cast<double>(rate));
  Clock::time_point& paid = taker_->second.paid_until;
  paid = std::max(paid, now - k_advance) + std::chrono::duration_cast<Clock::duration>(cost);
  return std::max(paid - now, Clock::duration::zero());
}

std::optional<Ration::Ticket> Ration::begin(const std::string& address, Kind kind) {
  if (answers_ >= limits_.answers || (kind == Kind::walk && walks_ >= limits_.walks)) return std::nullopt;
  const auto known = takers_.find(address);
  if (known != takers_.end() && known->second.answers >= limits_.per_address) return std::nullopt;
  if (known != takers_.end() && kind == Kind::walk && known->second.walks >= limits_.walks_per_address)
    return std::nullopt;
  const auto taker = known != takers_.end() ? known : takers_.emplace(address, Taker()).first;
  ++answers_;
  ++taker->second.answers;
  if (kind == Kind::walk) {
    ++walks_;
    ++taker->second.walks;
  }
  return std::optional<Ticket>(std::in_place, *this, taker, kind);
}

}  // namespace eai::share
