// Why: everyone who wants an engine: those who wait for one, and those who hold a lease on one.
// Thread: the pool's.
// What holds: a ticket waits, or holds a lease, or is unknown. A wait ends exactly once, by its outcome or by withdraw(). News
// is told only when it is new, and never after the end of the wait.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/container/flat_map.hpp>

#include "engine/lease.h"
#include "engine/scheduler.h"
#include "util/result.h"

namespace eai::engine {

// How an engine ended under a lease.
struct LeaseEnd {
  std::string words;    // empty: it has not ended
  bool blamed = false;  // this lease's request may have done it
};

class Wait {
 public:
  Wait(boost::asio::io_context& context, std::function<void(const WaitNews&)> on_news);
  // Resumes at the outcome, or when Asio cancels the caller: there is no outcome then.
  boost::asio::awaitable<void> until_ended();
  std::optional<Result<void>>& outcome() { return outcome_; }  // success: the ticket now holds a lease

 private:
  friend class Requests;
  void end(Result<void> outcome);

  boost::asio::steady_timer ended_;  // an event: cancelled when the outcome is set
  std::optional<Result<void>> outcome_;
  std::function<void(const WaitNews&)> on_news_;
  std::optional<WaitNews> told_;
};

class Requests {
 public:
  explicit Requests(boost::asio::io_context& context) : context_(context) {}

  Ticket new_ticket() { return ++last_ticket_; }

  std::shared_ptr<Wait> wait(Ticket ticket, std::function<void(const WaitNews&)> on_news);
  // All three ignore a ticket that does not wait.
  bool grant(Ticket ticket);  // false: it did not wait
  void refuse(Ticket ticket, Error why);
  void withdraw(Ticket ticket);
  void refuse_all(const Error& why);
  // `news_of` may know nothing about a ticket. A listener may call anything here.
  void tell_news(const std::function<std::optional<WaitNews>(Ticket)>& news_of);

  // `end`: where the lease's owner reads how its engine ended; it must live until release().
  void hold(Ticket ticket, LeaseEnd& end) { leases_.emplace(ticket, &end); }
  void release(Ticket ticket) { leases_.erase(ticket); }
  // Its engine ended under it. The first end counts.
  void lose(Ticket ticket, const LeaseEnd& end);

 private:
  boost::asio::io_context& context_;
  std::map<Ticket, std::shared_ptr<Wait>> waits_;
  boost::container::flat_map<Ticket, LeaseEnd*> leases_;
  Ticket last_ticket_ = 0;
};

}  // namespace eai::engine
