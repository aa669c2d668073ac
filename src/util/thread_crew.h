// Why: a system may refuse a new thread: the user has too many, or a container allows only so many. That is no bug and
// no reason to end: who wants threads while the program runs gets an error, or fewer of them.
// Thread: start() and the destructor: the owner's. Work is posted from any thread.
// What holds: asio's own pool must not be used for this: if the second of its threads cannot be made, the first one goes
// on in a pool that is gone.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "util/result.h"

namespace eai {

class ThreadCrew {
 public:
  using Executor = boost::asio::io_context::executor_type;

  // Fewer threads than `wanted` if the system gives no more. Code::busy: it gives none.
  static Result<std::unique_ptr<ThreadCrew>> start(std::size_t wanted);
  // Waits for all work that was posted.
  ~ThreadCrew();
  ThreadCrew(const ThreadCrew&) = delete;

  Executor executor() { return context_.get_executor(); }
  std::size_t size() const { return threads_.size(); }

 private:
  ThreadCrew() : work_(boost::asio::make_work_guard(context_)) {}

  boost::asio::io_context context_;
  boost::asio::executor_work_guard<Executor> work_;
  std::vector<std::thread> threads_;
};

// The crew that is there, or a new one. Code::busy as start().
Result<ThreadCrew*> crew_in(std::unique_ptr<ThreadCrew>& place, std::size_t wanted);

// An exception that means that the system has no thread or no memory left, as an error; none for any other exception.
std::optional<Error> shortage_of(const std::exception& thrown);

}  // namespace eai
