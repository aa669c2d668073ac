// Why: many exchanges have time limits, and nearly all end long before them. One timer serves all limits and is set
// anew only for a limit that comes before it; a timer each would cost more than the rest of a short exchange.
// Thread: the io_context's. Included by .cc files of this room only.
// What holds: the action for a passed limit runs once, a moment late at most; it may set and lift limits. No timer is
// pending while no limit is set.
#pragma once

#include <algorithm>
#include <chrono>
#include <ctime>
#include <functional>
#include <memory>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

namespace eai::http {

// The steady clock's time, some milliseconds ago at most: enough for limits, and read at a fifth of the price.
inline std::chrono::steady_clock::time_point about_now() {
#ifdef CLOCK_MONOTONIC_COARSE
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::chrono::steady_clock::time_point(std::chrono::seconds(time.tv_sec) +
                                               std::chrono::nanoseconds(time.tv_nsec));
#else
  return std::chrono::steady_clock::now();
#endif
}

class Deadlines : public std::enable_shared_from_this<Deadlines> {
 public:
  using Clock = std::chrono::steady_clock;

  class Limit : public boost::intrusive::list_base_hook<> {
   public:
    Limit(std::shared_ptr<Deadlines> all, std::function<void()> when_passed)
        : all_(std::move(all)), when_passed_(std::move(when_passed)) {}
    Limit(const Limit&) = delete;
    ~Limit() { lift(); }
    void set(Clock::time_point due) {
      lift();
      due_ = due;
      all_->add(*this);
    }
    void lift() {
      if (is_linked()) all_->remove(*this);
    }

   private:
    friend class Deadlines;
    std::shared_ptr<Deadlines> all_;
    std::function<void()> when_passed_;
    Clock::time_point due_;
  };

  explicit Deadlines(boost::asio::io_context& context) : timer_(context) {}

 private:
  using List = boost::intrusive::list<Limit, boost::intrusive::constant_time_size<false>>;

  void add(Limit& limit) {
    limits_.push_back(limit);
    if (limit.due_ < alarm_) set_alarm(limit.due_);
  }

  void remove(Limit& limit) {
    limits_.erase(limits_.iterator_to(limit));
    if (!limits_.empty()) return;
    alarm_ = Clock::time_point::max();
    timer_.cancel();
  }

  void set_alarm(Clock::time_point when) {
    alarm_ = when;
    timer_.expires_at(when);
    timer_.async_wait([weak = weak_from_this()](boost::system::error_code cancelled) {
      const auto self = weak.lock();
      if (!cancelled && self) self->look();
    });
  }

  void look() {
    const auto now = Clock::now();
    alarm_ = Clock::time_point::max();
    List passed;
    for (auto each = limits_.begin(); each != limits_.end();) {
      Limit& limit = *each++;
      if (limit.due_ <= now) passed.splice(passed.end(), limits_, limits_.iterator_to(limit));
    }
    while (!passed.empty()) {
      Limit& limit = passed.front();
      passed.pop_front();
      limit.when_passed_();
    }
    const auto sooner = [](const Limit& a, const Limit& b) { return a.due_ < b.due_; };
    const auto next = std::min_element(limits_.begin(), limits_.end(), sooner);
    if (next != limits_.end() && next->due_ < alarm_) set_alarm(next->due_);
  }

  boost::asio::steady_timer timer_;
  Clock::time_point alarm_ = Clock::time_point::max();
  List limits_;
};

}  // namespace eai::http
