#include "engine/requests.h"

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace eai::engine {
namespace {

namespace asio = boost::asio;

struct RequestsTest : ::testing::Test {
  asio::io_context context;
  Requests requests{context};
};

TEST_F(RequestsTest, AWaitEndsOnceByItsOutcome) {
  const Ticket ticket = requests.new_ticket();
  const auto wait = requests.wait(ticket, {});
  bool resumed = false;
  asio::co_spawn(context, wait->until_ended(), [&](std::exception_ptr) { resumed = true; });
  context.poll();
  EXPECT_FALSE(resumed);
  EXPECT_TRUE(requests.grant(ticket));
  EXPECT_FALSE(requests.grant(ticket)) << "it does not wait any more";
  requests.refuse(ticket, {Code::busy, "too late"});
  context.restart();
  context.poll();
  EXPECT_TRUE(resumed);
  ASSERT_TRUE(wait->outcome());
  EXPECT_TRUE(*wait->outcome());
}

TEST_F(RequestsTest, OneThatWasWithdrawnHearsNothing) {
  const Ticket ticket = requests.new_ticket();
  int told = 0;
  const auto wait = requests.wait(ticket, [&](const WaitNews&) { ++told; });
  requests.withdraw(ticket);
  EXPECT_FALSE(requests.grant(ticket));
  requests.refuse_all({Code::busy, "stopping"});
  requests.tell_news([](Ticket) { return WaitNews{"queued", 1, 0}; });
  EXPECT_EQ(told, 0);
  EXPECT_FALSE(wait->outcome());
}

TEST_F(RequestsTest, NewsIsToldWhenItIsNew) {
  std::vector<WaitNews> first, second;
  const Ticket one = requests.new_ticket(), two = requests.new_ticket();
  const auto wait_one = requests.wait(one, [&](const WaitNews& news) {
    first.push_back(news);
    requests.refuse(two, {Code::timeout, "while the news is told"});
  });
  const auto wait_two = requests.wait(two, [&](const WaitNews& news) { second.push_back(news); });
  int position = 2;
  const auto news_of = [&](Ticket ticket) {
    return ticket == one || ticket == two ? std::optional(WaitNews{"queued", position, 0}) : std::nullopt;
  };
  requests.tell_news(news_of);
  requests.tell_news(news_of);
  position = 1;
  requests.tell_news(news_of);
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first.back().position, 1);
  EXPECT_TRUE(second.empty()) << "its wait ended before its turn to be told";
  EXPECT_EQ(wait_two->outcome()->error().code, Code::timeout);
}

TEST_F(RequestsTest, TheFirstEndOfALostEngineCounts) {
  LeaseEnd end;
  requests.hold(1, end);
  requests.lose(1, {"it was killed", true});
  requests.lose(1, {"the engine is gone", false});
  requests.lose(2, {"nobody holds this", false});
  EXPECT_EQ(end.words, "it was killed");
  EXPECT_TRUE(end.blamed);
  requests.release(1);
  end = {};
  requests.lose(1, {"after its end", true});
  EXPECT_EQ(end.words, "");
}

}  // namespace
}  // namespace eai::engine
