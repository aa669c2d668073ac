// Why: a coroutine that nobody awaits still needs somebody who sees it fail. asio::detached drops the exception, and
// the program goes on with a part of it missing.
// Thread: the one that runs the coroutine's io_context.
// What holds: a cancelled coroutine ends quietly. Any other exception is a bug: it is logged with the name of the work
// and thrown on out of io_context::run(), so that the program ends with a message that says which part failed.
#pragma once

#include <exception>
#include <string>

namespace eai {

// What the exception says; empty if there is none, or if it only means that the work was cancelled.
std::string bug_of(const std::exception_ptr& thrown);

// The completion handler of a coroutine that nobody awaits:
// asio::co_spawn(context, probe(), Unawaited("the readiness check of an engine"));
class Unawaited {
 public:
  explicit Unawaited(const char* work) : work_(work) {}  // a literal
  void operator()(const std::exception_ptr& thrown) const;

 private:
  const char* work_;
};

}  // namespace eai
