#include "api/picture_gate.h"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace eai::api {

namespace asio = boost::asio;

struct PictureGate::Waiting {
  Waiting(PictureGate& of, Door& before, std::uint64_t wanted, std::uint64_t most)
      : gate(of), door(before), bytes(wanted), limit(most), bell(of.context_, asio::steady_timer::time_point::max()) {
    door.queue.push_back(this);
  }
  Waiting(const Waiting&) = delete;
  ~Waiting() {  // also when the client leaves
    door.queue.remove(this);
    gate.let_in(door);
  }

  PictureGate& gate;
  Door& door;
  std::uint64_t bytes, limit;
  asio::steady_timer bell;  // cancelled when it is let in
  Pass pass{};
};

struct PictureGate::Held {
  Held(PictureGate& of, Door& through, std::uint64_t taken) : gate(of), door(through), bytes(taken) {
    door.held += bytes;
  }
  Held(const Held&) = delete;
  ~Held() {
    door.held -= bytes;
    gate.let_in(door);
  }

  PictureGate& gate;
  Door& door;
  std::uint64_t bytes;
};

PictureGate::Pass PictureGate::take(Door& door, std::uint64_t bytes) {
  return std::make_shared<Held>(*this, door, bytes);
}

void PictureGate::let_in(Door& door) {
  while (!door.queue.empty() && fits(door, door.queue.front()->bytes, door.queue.front()->limit)) {
    Waiting& next = *door.queue.front();
    door.queue.pop_front();
    next.pass = take(door, next.bytes);
    next.bell.cancel();
  }
}

asio::awaitable<PictureGate::Pass> PictureGate::enter(std::string model_id, std::uint64_t bytes, std::uint64_t limit) {
  Door& door = doors_[model_id];
  if (door.queue.empty() && fits(door, bytes, limit)) co_return take(door, bytes);
  Waiting waiting(*this, door, bytes, limit);
  constexpr auto as_tuple = asio::as_tuple(asio::use_awaitable);
  while (!waiting.pass) co_await waiting.bell.async_wait(as_tuple);
  co_return std::move(waiting.pass);
}

}  // namespace eai::api
