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

}  // namespace
}  // namespace eai::library
