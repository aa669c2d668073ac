#include "library/rate_meter.h"

#include <gtest/gtest.h>

namespace eai::library {
namespace {

using std::chrono::seconds;

TEST(RateMeter, SettlesOnASteadyRate) {
  RateMeter meter;
  auto now = RateMeter::Clock::time_point();
  for (std::uint64_t done = 0; done <= 20'000; done += 1000) {
    meter.update(done, now);
    now += seconds(1);
  }
  EXPECT_NEAR(meter.bytes_per_second(), 1000, 1);
  EXPECT_EQ(meter.time_left(20'000, 30'000), seconds(11));
  EXPECT_FALSE(RateMeter().time_left(0, 10));
  // What begins again goes on at the rate that it had.
  meter.update(1000, now);
  now += seconds(1);
  meter.update(2000, now);
  EXPECT_NEAR(meter.bytes_per_second(), 1000, 1);
}

TEST(RateMeter, ForgetsARateThatIsOld) {
  RateMeter meter;
  auto now = RateMeter::Clock::time_point();
  std::uint64_t done = 0;
  for (int i = 0; i < 10; ++i) meter.update(done += 1'000'000, now += seconds(1));
  for (int i = 0; i < 4; ++i) meter.update(done, now += seconds(1));
  EXPECT_GT(meter.bytes_per_second(), 0);
  for (int i = 0; i < 3; ++i) meter.update(done, now += seconds(1));
  EXPECT_EQ(meter.bytes_per_second(), 0);
  EXPECT_FALSE(meter.time_left(done, done + 1'000'000)) << "a time from a rate near zero is hours";
  for (int i = 0; i < 2; ++i) meter.update(done += 1'000'000, now += seconds(1));
  EXPECT_NEAR(meter.bytes_per_second(), 1'000'000, 1) << "what begins again is measured again";
}

TEST(RateMeter, NamesNoTimeForATrickle) {
  RateMeter meter;
  auto now = RateMeter::Clock::time_point();
  for (std::uint64_t done = 0; done < 100; ++done) meter.update(done * 50, now += seconds(1));
  EXPECT_GT(meter.bytes_per_second(), 0);
  EXPECT_FALSE(meter.time_left(5000, 1'000'000'000));
}

}  // namespace
}  // namespace eai::library
