#include "share/ration.h"

#include <algorithm>
#include <utility>

#include <boost/asio/ip/address.hpp>

namespace eai::share {

// What a taker may get at once before the rate counts, so that small answers are never held up.
static constexpr std::chrono::milliseconds k_advance{250};
// Who was given nothing for so long has no part in the division of the rate.
static constexpr std::chrono::seconds k_lately{2};
static constexpr std::size_t k_most_takers = 4096;
static constexpr std::uint64_t k_smallest_step = 16 * 1024;

std::string key_of(std::string_view address) {
  boost::system::error_code error;
  const auto parsed = boost::asio::ip::make_address(address, error);
  if (error || !parsed.is_v6() || parsed.to_v6().is_loopback() || parsed.to_v6().is_v4_mapped())
    return std::string(address);
  auto bytes = parsed.to_v6().to_bytes();
  std::fill(bytes.begin() + 8, bytes.end(), static_cast<unsigned char>(0));
  return boost::asio::ip::address_v6(bytes).to_string() + "/64";
}

Ration::Ticket::Ticket(Ticket&& other) noexcept
    : of_(std::exchange(other.of_, nullptr)), taker_(other.taker_), kind_(other.kind_) {}

Ration::Ticket::~Ticket() {
  if (of_ == nullptr) return;
  --of_->answers_;
  --taker_->second.answers;
  if (kind_ == Kind::block) return;
  --of_->walks_;
  --taker_->second.walks;
}

// Bytes per second of this taker; 0: as fast as it goes.
std::uint64_t Ration::share_of(const Taker& taker, Clock::time_point now) const {
  const bool is_for_all = limits_.rate > 0;
  const std::uint64_t rate = is_for_all ? limits_.rate : taker.distance == Distance::far ? limits_.far_rate : 0;
  if (rate == 0) return 0;
  std::uint64_t others = 0;
  for (const auto& [address, one] : takers_) {
    const bool counts = is_for_all || one.distance == Distance::far;
    if (counts && &one != &taker && one.answers > 0 && one.paid_until + k_lately > now) ++others;
  }
  return std::max<std::uint64_t>(rate / (others + 1), 1);
}

Ration::Clock::duration Ration::Ticket::pause_before(Clock::time_point now) const {
  return std::max(taker_->second.paid_until - now, Clock::duration::zero());
}

Ration::Clock::duration Ration::Ticket::pause_after(std::uint64_t bytes, Clock::time_point now) {
  Taker& taker = taker_->second;
  const std::uint64_t share = of_->share_of(taker, now);
  if (share == 0) {
    taker.paid_until = now;
    return {};
  }
  const std::chrono::duration<double> cost(static_cast<double>(bytes) / static_cast<double>(share));
  taker.paid_until = std::max(taker.paid_until, now - k_advance) + std::chrono::duration_cast<Clock::duration>(cost);
  return pause_before(now);
}

std::uint64_t Ration::Ticket::step(Clock::time_point now) const {
  const std::uint64_t share = of_->share_of(taker_->second, now);
  return share == 0 ? UINT64_MAX : std::max(share / 4, k_smallest_step);
}

bool Ration::may_begin(const Taker* known, Distance distance, Kind kind) const {
  if (answers_ >= limits_.answers || (kind == Kind::walk && walks_ >= limits_.walks)) return false;
  if (known == nullptr) return takers_.size() < k_most_takers;
  const bool is_near = distance == Distance::near;
  if (known->answers >= (is_near ? limits_.near_answers : limits_.far_answers)) return false;
  return kind == Kind::block || known->walks < (is_near ? limits_.near_walks : limits_.far_walks);
}

void Ration::forget_idle(Clock::time_point now) {
  std::erase_if(takers_, [&](const auto& one) { return one.second.answers == 0 && one.second.paid_until <= now; });
}

std::optional<Ration::Ticket> Ration::begin(const std::string& address, Distance distance, Kind kind,
                                            Clock::time_point now) {
  forget_idle(now);
  auto taker = takers_.find(address);
  if (!may_begin(taker == takers_.end() ? nullptr : &taker->second, distance, kind)) return std::nullopt;
  if (taker == takers_.end()) taker = takers_.emplace(address, Taker{distance}).first;
  ++answers_;
  ++taker->second.answers;
  if (kind == Kind::walk) {
    ++walks_;
    ++taker->second.walks;
  }
  return std::optional<Ticket>(std::in_place, *this, taker, kind);
}

}  // namespace eai::share
