// Why: whoever shares must not be drained by one client, and no client may keep all others out.
// Thread: the share's.
// What holds: a Ticket counts as long as it lives. The rate is divided among the addresses that were given something
// lately, so that one with many connections gets no more than one with a single connection. An address that owes the rate
// some time owes it still when it comes back. Otherwise nothing is kept of an address that takes nothing.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace eai::share {

enum class Distance : std::uint8_t { near, far };  // private addresses and this machine; all others

struct RationLimits {
  std::uint64_t rate = 0;      // bytes per second to all together; 0: as fast as it goes
  std::uint64_t far_rate = 0;  // the same, to far addresses, where there is no rate for all
  // At the same time; a walk holds more than a block does, and takes longer.
  std::size_t answers = 512, walks = 64;
  std::size_t near_answers = 256, near_walks = 16;  // of them to one near address
  std::size_t far_answers = 32, far_walks = 4;      // or to a far one
};

class Ration {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Kind : std::uint8_t { block, walk };
  explicit Ration(RationLimits limits) : limits_(limits) {}

 private:
  struct Taker {
    Distance distance = Distance::near;
    std::size_t answers = 0, walks = 0;
    Clock::time_point paid_until{};  // for what it was given
  };
  using Takers = std::map<std::string, Taker, std::less<>>;

 public:
  class Ticket {
   public:
    Ticket(Ration& of, Takers::iterator taker, Kind kind) : of_(&of), taker_(taker), kind_(kind) {}
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();
    // How long to wait before anything is given.
    Clock::duration pause_before(Clock::time_point now) const;
    // How long to wait before more is given, after these bytes.
    Clock::duration pause_after(std::uint64_t bytes, Clock::time_point now);
    // As many bytes should be given at once at most, so that no pause is long.
    std::uint64_t step(Clock::time_point now) const;

   private:
    Ration* of_;
    Takers::iterator taker_;
    Kind kind_;
  };

  // `address`: of a client, as key_of() gives it. Nothing: as much as may be is being given already, to all or to this
  // address.
  std::optional<Ticket> begin(const std::string& address, Distance distance, Kind kind, Clock::time_point now);
  std::size_t answers() const { return answers_; }
  std::size_t known() const { return takers_.size(); }  // addresses

 private:
  bool may_begin(const Taker* known, Distance distance, Kind kind) const;
  std::uint64_t share_of(const Taker& taker, Clock::time_point now) const;
  void forget_idle(Clock::time_point now);

  RationLimits limits_;
  Takers takers_;
  std::size_t answers_ = 0, walks_ = 0;
};

// What is one client: an IPv4 address, or the network of 64 bits in which a host may have any IPv6 address.
std::string key_of(std::string_view address);

}  // namespace eai::share
