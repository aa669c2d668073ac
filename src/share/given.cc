#include "share/given.h"

#include "share/block_source.h"

namespace eai::share {

Given::To& Ledger::taker(const std::string& address) {
  const auto known = given_.to.find(address);
  if (known != given_.to.end()) return known->second;
  if (given_.to.size() < Given::k_most_takers) return given_.to[address];
  return given_.to[std::string(Given::k_others)];
}

Given::Of& Ledger::part(std::size_t what) {
  if (given_.of.size() <= what) given_.of.resize(what + 1);
  return given_.of[what];
}

void Ledger::note_answer(const std::string& address, std::size_t what) {
  const std::lock_guard hold(mutex_);
  ++given_.answers;
  Given::To& who = taker(address);
  ++who.answers;
  who.last = std::chrono::system_clock::now();
  if (what != k_nothing) ++part(what).answers;
}

void Ledger::note_bytes(const std::string& address, std::size_t what, std::uint64_t count) {
  const std::lock_guard hold(mutex_);
  given_.bytes += count;
  Given::To& who = taker(address);
  who.bytes += count;
  who.last = std::chrono::system_clock::now();
  if (what != k_nothing) part(what).bytes += count;
}

void Ledger::note_refusal(int status) {
  const std::lock_guard hold(mutex_);
  if (status == 404 || status == 412)
    ++given_.not_here;
  else if (status == 429)
    ++given_.put_off;
  else
    ++given_.refused;
}

void Ledger::note_damage() {
  const std::lock_guard hold(mutex_);
  ++given_.damaged;
}

Given Ledger::copy() const {
  const std::lock_guard hold(mutex_);
  return given_;
}

}  // namespace eai::share
