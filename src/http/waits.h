// Why: two ways for a coroutine to wait that cost less than the timer that would otherwise stand in for them.
// Thread: the io_context's. Included by .cc files of this room only.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <new>
#include <utility>
#include <vector>

#include <boost/asio/deferred.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace eai::http {

// A waiting coroutine, of whatever type. Dropping it without resume() ends the coroutine. It needs no memory of its own,
// because every answer waits several times.
class Waiter {
 public:
  Waiter() = default;
  template <typename Handler>
  explicit Waiter(Handler handler) : kind_(&k_kind<Handler>) {
    static_assert(sizeof(Handler) <= k_room && alignof(Handler) <= alignof(void*));
    new (room_.data()) Handler(std::move(handler));
  }
  Waiter(Waiter&& other) noexcept { take(other); }
  Waiter& operator=(Waiter&& other) noexcept {
    if (this == &other) return *this;
    drop();
    take(other);
    return *this;
  }
  ~Waiter() { drop(); }
  explicit operator bool() const { return kind_ != nullptr; }
  void resume() {
    if (const Kind* kind = std::exchange(kind_, nullptr)) kind->resume(room_.data());
  }

 private:
  static constexpr std::size_t k_room = 4 * sizeof(void*);
  struct Kind {
    void (*resume)(void* held);  // which ends it
    void (*move)(void* to, void* from) noexcept;
    void (*drop)(void* held) noexcept;
  };
  template <typename Handler>
  static constexpr Kind k_kind = {[](void* held) {
                                    Handler handler = std::move(*static_cast<Handler*>(held));
                                    static_cast<Handler*>(held)->~Handler();
                                    std::move(handler)();
                                  },
                                  [](void* to, void* from) noexcept {
                                    new (to) Handler(std::move(*static_cast<Handler*>(from)));
                                    static_cast<Handler*>(from)->~Handler();
                                  },
                                  [](void* held) noexcept { static_cast<Handler*>(held)->~Handler(); }};

  void take(Waiter& other) noexcept {
    kind_ = std::exchange(other.kind_, nullptr);
    if (kind_) kind_->move(room_.data(), other.room_.data());
  }
  void drop() noexcept {
    if (const Kind* kind = std::exchange(kind_, nullptr)) kind->drop(room_.data());
  }

  const Kind* kind_ = nullptr;
  alignas(void*) std::array<std::byte, k_room> room_;
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
