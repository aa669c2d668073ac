#include "peers/patience.h"

#include <gtest/gtest.h>

namespace eai::peers {
namespace {

using namespace std::chrono_literals;

TEST(RetryAfter, SecondsAndDates) {
  auto now = std::chrono::system_clock::from_time_t(1'700'000'000);  // Tue, 14 Nov 2023 22:13:20 GMT
  EXPECT_EQ(parse_retry_after("120", now), std::chrono::seconds(120));
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:14:20 GMT", now), std::chrono::seconds(60));
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:12:20 GMT", now), std::chrono::seconds(0));
  constexpr std::chrono::seconds k_year(365 * 24 * 3600);
  EXPECT_EQ(parse_retry_after("99999999999999", now), k_year);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), k_year);
  EXPECT_EQ(parse_retry_after("Sat, 01 Jan 0000 00:00:00 GMT", now), std::chrono::seconds(0));
  for (const char* neither : {"", "-1", "soon", "Tue, 14 Nov", "1.5"}) {
    EXPECT_FALSE(parse_retry_after(neither, now)) << neither;
  }
}

TEST(RetryAfter, ADateIsCountedFromThePeersOwnTime) {
  const auto now = std::chrono::system_clock::from_time_t(1'700'000'000);
  EXPECT_EQ(parse_retry_after("Thu, 14 Nov 2024 08:00:07 GMT", now, "Thu, 14 Nov 2024 08:00:00 GMT"), 7s);
  EXPECT_EQ(parse_retry_after("Mon, 14 Nov 2022 08:00:07 GMT", now, "Mon, 14 Nov 2022 08:00:00 GMT"), 7s);
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:14:20 GMT", now, "some day"), 60s);
  EXPECT_EQ(parse_retry_after("120", now, "Mon, 14 Nov 2022 08:00:00 GMT"), 120s);
}

TEST(Backoff, DoublesWithJitterUpToALimit) {
  std::mt19937_64 random(3);
  for (int round = 0; round < 200; ++round) {
    auto first = backoff(1, 500ms, random);
    EXPECT_GE(first, 250ms);
    EXPECT_LE(first, 500ms);
    auto third = backoff(3, 500ms, random);
    EXPECT_GE(third, 1000ms);
    EXPECT_LE(third, 2000ms);
    EXPECT_LE(backoff(1000, 500ms, random), 30s);
    EXPECT_GE(backoff(1000, 500ms, random), 15s);
  }
}

TEST(Backoff, IsNotTheSameTwice) {
  std::mt19937_64 random(3);
  auto first = backoff(6, 500ms, random);
  EXPECT_NE(first, backoff(6, 500ms, random));
}

TEST(PauseBefore, IsAtLeastWhatThePeerAskedFor) {
  std::mt19937_64 random(3);
  EXPECT_EQ(pause_before(1, 500ms, 7s, random), 7s);
  EXPECT_GE(pause_before(10, 500ms, 1s, random), 15s) << "a peer that asks for a second again and again";
  EXPECT_LE(pause_before(1, 500ms, std::nullopt, random), 500ms);
}

TEST(PauseBefore, IsNotMoreThanTenMinutes) {
  std::mt19937_64 random(3);
  EXPECT_EQ(pause_before(1, 500ms, 600s, random), 600s);
  EXPECT_FALSE(pause_before(1, 500ms, 601s, random));
}

}  // namespace
}  // namespace eai::peers
