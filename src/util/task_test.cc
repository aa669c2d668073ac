#include "util/task.h"

#include <stdexcept>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace eai {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> fail_with(std::exception_ptr what) {
  if (what) std::rethrow_exception(what);
  co_return;
}

void run(std::exception_ptr what) {
  asio::io_context context;
  asio::co_spawn(context, fail_with(std::move(what)), Unawaited("the work"));
  context.run();
}

std::exception_ptr system_error(boost::system::error_code code) {
  return std::make_exception_ptr(boost::system::system_error(code));
}

TEST(Unawaited, ABugEndsTheContextWithTheNameOfTheWork) {
  try {
    run(std::make_exception_ptr(std::out_of_range("planted")));
    FAIL() << "the exception was dropped";
  } catch (const std::runtime_error& bug) {
    EXPECT_STREQ(bug.what(), "the work failed: planted");
  }
  EXPECT_THROW(run(system_error(asio::error::connection_reset)), std::runtime_error);
  EXPECT_THROW(run(std::make_exception_ptr(7)), std::runtime_error);
}

TEST(Unawaited, AnEndAndACancellationAreQuiet) {
  EXPECT_NO_THROW(run({}));
  EXPECT_NO_THROW(run(system_error(asio::error::operation_aborted)));
}

}  // namespace
}  // namespace eai
