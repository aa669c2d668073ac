#include "http/deadlines.h"

#include <string>

#include <gtest/gtest.h>

namespace eai::http {
namespace {

using std::chrono::milliseconds;

struct DeadlinesTest : testing::Test {
  boost::asio::io_context context;
  std::shared_ptr<Deadlines> all = std::make_shared<Deadlines>(context);
  std::string passed;
  Deadlines::Limit first{all, [this] { passed += "first "; }};
  Deadlines::Limit second{all, [this] { passed += "second "; }};
  Deadlines::Clock::time_point now = Deadlines::Clock::now();
};

TEST_F(DeadlinesTest, PassInTheirOrderWhicheverWasSetFirst) {
  first.set(now + milliseconds(40));
  second.set(now + milliseconds(10));
  context.run();
  EXPECT_EQ(passed, "second first ");
  EXPECT_GE(Deadlines::Clock::now() - now, milliseconds(40));
}

TEST_F(DeadlinesTest, AreNotPassedBeforeTheirTimeAndNotWhenLifted) {
  first.set(now + std::chrono::hours(1));
  second.set(now + std::chrono::hours(1));
  EXPECT_EQ(context.poll(), 0u);
  first.lift();
  second.lift();
  context.run();  // returns: no timer is left pending
  EXPECT_EQ(passed, "");
  EXPECT_LT(Deadlines::Clock::now() - now, std::chrono::minutes(1));
}

TEST_F(DeadlinesTest, CanBeSetAgainEarlierAndLater) {
  first.set(now + std::chrono::hours(1));
  first.set(now + milliseconds(5));
  context.run();
  EXPECT_EQ(passed, "first ");
  context.restart();
  first.set(Deadlines::Clock::now() + milliseconds(5));
  context.run();
  EXPECT_EQ(passed, "first first ");
}

TEST_F(DeadlinesTest, OneThatPassesMayLiftAnother) {
  Deadlines::Limit third(all, [this] { second.lift(); });
  third.set(now - milliseconds(1));
  second.set(now - milliseconds(1));  // passed in the same moment, after the third
  context.run();
  EXPECT_EQ(passed, "");
}

TEST_F(DeadlinesTest, AnOwnerThatEndsTakesItsLimitAlong) {
  {
    Deadlines::Limit brief(all, [this] { passed += "brief "; });
    brief.set(now + milliseconds(1));
  }
  first.set(now + milliseconds(10));
  context.run();
  EXPECT_EQ(passed, "first ");
}

}  // namespace
}  // namespace eai::http
