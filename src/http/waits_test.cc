#include "http/waits.h"

#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

#include "util/task.h"

namespace eai::http {
namespace {

namespace asio = boost::asio;

asio::awaitable<void> take_turns(Turns& turns, std::string& log, char name, int count) {
  for (int i = 0; i < count; ++i) {
    log += name;
    co_await turns.next();
  }
}

asio::awaitable<void> wait(Bell& bell, std::string& log, std::shared_ptr<int>) {
  co_await bell.wait();
  log += "rung ";
}

TEST(Turns, EachWaitsUntilTheOthersHadTheirs) {
  asio::io_context context;
  Turns turns(context);
  std::string log;
  for (const char name : {'a', 'b', 'c'}) {
    asio::awaitable<void> one = take_turns(turns, log, name, 3);
    asio::co_spawn(context, std::move(one), Unawaited("a waiting coroutine"));
  }
  context.run();
  EXPECT_EQ(log, "abcabcabc");
}

TEST(Turns, WhoStillWaitsEndsWithTheContext) {
  const auto held = std::make_shared<int>();
  std::string log;
  {
    asio::io_context context;
    // As a server's connections do: who waits keeps what is waited on alive.
    auto turns = std::make_shared<Turns>(context);
    asio::co_spawn(
        context,
        [](std::shared_ptr<Turns> mine, std::shared_ptr<int>) -> asio::awaitable<void> { co_await mine->next(); }(turns,
                                                                                                                  held),
        Unawaited("a waiting coroutine"));
    turns.reset();
    context.run_one();
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Bell, RingResumesAtOnceAndCallLater) {
  asio::io_context context;
  const auto held = std::make_shared<int>();
  std::string log;
  Bell bell;
  bell.ring();  // nobody waits; nothing is kept of it
  for (int i = 0; i < 2; ++i) {
    asio::awaitable<void> one = wait(bell, log, held);
    asio::co_spawn(context, std::move(one), Unawaited("a waiting coroutine"));
    context.poll();
    EXPECT_EQ(held.use_count(), 2);
    context.restart();
    if (i == 0) {
      bell.ring();
      EXPECT_EQ(log, "rung ");
    } else {
      bell.call(context.get_executor());
      EXPECT_EQ(log, "rung ") << "only from the context";
    }
    context.poll();
    context.restart();
    EXPECT_EQ(held.use_count(), 1);
  }
  EXPECT_EQ(log, "rung rung ");
}

}  // namespace
}  // namespace eai::http
