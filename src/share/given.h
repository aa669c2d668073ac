// Why: whoever shares wants to know what was sent to whom.
// Thread: Given is a plain value. The Ledger is written by the share's thread and copied from any.
// What holds: addresses are kept in memory only, and at most k_most_takers of them: what later ones take is counted
// together. Nothing else tells them apart.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace eai::share {

struct Given {
  struct To {
    std::uint64_t answers = 0, bytes = 0;
    std::chrono::system_clock::time_point last{};
  };
  struct Of {
    std::uint64_t answers = 0, bytes = 0;
  };
  static constexpr std::size_t k_most_takers = 256;
  static constexpr std::string_view k_others = "others";

  std::uint64_t answers = 0, bytes = 0;       // good ones, also those that a client broke off
  std::uint64_t not_here = 0;                 // asked for, and not shared here
  std::uint64_t refused = 0;                  // strangers' pages, wrong requests
  std::uint64_t put_off = 0;                  // because too much was being given
  std::uint64_t damaged = 0;                  // blocks that were not given because their bytes had changed
  std::map<std::string, To, std::less<>> to;  // by address
  std::vector<Of> of;                         // by the number of what it belongs to (Found::of)
};

class Ledger {
 public:
  void note_answer(const std::string& address, std::size_t what);
  void note_bytes(const std::string& address, std::size_t what, std::uint64_t count);
  // By the status that was sent instead of an answer.
  void note_refusal(int status);
  void note_damage();
  Given copy() const;

 private:
  Given::To& taker(const std::string& address);
  Given::Of& part(std::size_t what);
  mutable std::mutex mutex_;
  Given given_;
};

}  // namespace eai::share
