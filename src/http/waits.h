// Why: two ways for a coroutine to wait that cost less than the timer that would otherwise stand in for them.
// Thread: the io_context's. Included by .cc files of this room only.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace eai::http {

// A waiting coroutine, of whatever type. Dropping it without resume() ends the coroutine.
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

// One coroutine waits until another says that there is something to see. ring() resumes the waiting one before it
// returns; call() does so later, from the io_context, for callers that must not be disturbed by what the other does
// next. A ring that nobody waits for leaves nothing behind. A waiting coroutine must be rung or called before its
// io_context ends, because its wait keeps it alive.
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

// A coroutine waits until everything that is ready now has had its turn. Working in rounds costs less under load: a
// socket that was written to is read a round later, and by then the other side has mostly answered, so the first look
// finds something. A turn costs next to nothing when there is nothing else to do. Whoever waits keeps the owner alive.
class Turns {
 public:
  explicit Turns(boost::asio::io_context& context) : context_(context) {}
  // co_await turns.next();
  auto next() {
    const auto join = [this](auto handler) {
      auto round = round_.lock();
      if (!round) {
        round_ = round = std::make_shared<std::vector<Waiter>>();
        // The waiting ones belong to what is posted and not to us, since each of them keeps us alive.
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
