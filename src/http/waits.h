// Why: two ways for a coroutine to wait that cost less than a timer that stands in for them.
// Thread: the io_context's. Included by .cc files of this room only.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace eai::http {

// Who waits, of whatever type. Letting go of it without resume() ends the coroutine.
class Waiter {
 public:
  Waiter() = default;
  template <typename Handler>
  explicit Waiter(Handler handler) : held_(std::make_unique<Held<Handler>>(std::move(handler))) {}
  explicit operator bool() const { return held_ != nullptr; }
  void resume() {
    if (const auto once = std::move(held_)) once->resume();
  }

 private:
  struct Base {
    virtual ~Base() = default;
    virtual void resume() = 0;
  };
  template <typename Handler>
  struct Held final : Base {
    explicit Held(Handler kept) : handler(std::move(kept)) {}
    void resume() override { std::move(handler)(); }
    Handler handler;
  };
  std::unique_ptr<Base> held_;
};

// One waits until somebody says that there is something to see. What holds: ring() resumes the one who waits before it
// returns; call() does so later, from the io_context, and is what a caller uses that cannot bear what the other does next.
// Nothing is kept of a ring that nobody waited for. Who waits must be rung or called before its io_context ends: it is
// kept alive by its wait.
class Bell {
 public:
  // co_await bell.wait();
  auto wait() {
    const auto keep = [this](auto handler) { waiter_ = Waiter(std::move(handler)); };
    return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(keep, boost::asio::deferred);
  }
  void ring() {
    Waiter waiter = std::move(waiter_);
    waiter.resume();
  }
  template <typename Executor>
  void call(const Executor& executor) {
    if (waiter_) boost::asio::post(executor, [waiter = std::move(waiter_)]() mutable { waiter.resume(); });
  }

 private:
  Waiter waiter_;
};

// Each waits until all that is ready now had its turn. Under load, what is done in rounds costs less: a socket that was
// written to is read a round later, and by then the other side has mostly answered, so that the first look at it finds
// something. With nothing else to do a turn costs next to nothing.
// Its owner is kept alive by whoever waits.
class Turns {
 public:
  explicit Turns(boost::asio::io_context& context) : context_(context) {}
  // co_await turns.next();
  auto next() {
    const auto join = [this](auto handler) {
      auto round = round_.lock();
      if (!round) {
        round_ = round = std::make_shared<std::vector<Waiter>>();
        // Who waits belongs to what is posted, not to us, whom each of them keeps alive.
        boost::asio::post(context_, [this, round] {
          round_.reset();
          for (Waiter& waiter : *round) waiter.resume();
        });
      }
      round->emplace_back(std::move(handler));
    };
    return boost::asio::async_initiate<const boost::asio::deferred_t, void()>(join, boost::asio::deferred);
  }

 private:
  boost::asio::io_context& context_;
  std::weak_ptr<std::vector<Waiter>> round_;
};

}  // namespace eai::http
