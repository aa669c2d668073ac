// Why: whoever gives on must not be drained by one who takes.
// Thread: the share's.
// What holds: a Ticket counts as long as it lives. The rate is divided among the addresses that take at this moment, so
// that one with many connections gets no more than one with a single connection. Nothing is kept of an address that has
// stopped taking.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace eai::share {

struct RationLimits {
  std::uint64_t rate = 0;         // bytes per second to all together; 0: as fast as it goes
  std::size_t answers = 512;      // at the same time
  std::size_t per_address = 256;  // of them
  std::size_t walks = 32;         // of them; a walk holds more than a block does, and takes longer
  std::size_t walks_per_address = 16;
};

class Ration {
  struct Taker {
    std::size_t answers = 0, walks = 0;
    std::chrono::steady_clock::time_point paid_until{};
  };
  using Takers = std::map<std::string, Taker, std::less<>>;

 public:
  using Clock = std::chrono::steady_clock;
  enum class Kind : std::uint8_t { block, walk };
  explicit Ration(RationLimits limits) : limits_(limits) {}

  class Ticket {
   public:
    Ticket(Ration& of, Takers::iterator taker, Kind kind) : of_(&of), taker_(taker), kind_(kind) {}
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&&) = delete;
    ~Ticket();
    // How long to wait before more is given, after these bytes.
    Clock::duration pause_after(std::uint64_t bytes, Clock::time_point now);

   private:
    Ration* of_;
    Takers::iterator taker_;
    Kind kind_;
  };

  // Nothing: as much as may be is being given already, to all or to this address.
  std::optional<Ticket> begin(const std::string& address, Kind kind);
  std::size_t answers() const { return answers_; }

 private:
  RationLimits limits_;
  Takers takers_;
  std::size_t answers_ = 0, walks_ = 0;
};

}  // namespace eai::share
