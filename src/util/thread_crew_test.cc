#include "util/thread_crew.h"

#include <atomic>
#include <stdexcept>
#include <system_error>

#include <boost/asio/post.hpp>
#include <boost/system/system_error.hpp>
#include <gtest/gtest.h>

namespace eai {
namespace {

TEST(ThreadCrew, DoesAllThatWasPostedBeforeItGoes) {
  std::atomic<int> done = 0;
  {
    auto crew = ThreadCrew::start(3);
    ASSERT_TRUE(crew) << crew.error().message;
    EXPECT_EQ((*crew)->size(), 3U);
    for (int i = 0; i < 100; ++i) boost::asio::post((*crew)->executor(), [&done] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

TEST(ThreadCrew, IsMadeOnce) {
  std::unique_ptr<ThreadCrew> place;
  auto first = crew_in(place, 1);
  ASSERT_TRUE(first);
  EXPECT_EQ(*crew_in(place, 1), *first);
}

TEST(Shortage, IsToldFromABug) {
  const std::system_error threads(EAGAIN, std::generic_category());
  ASSERT_TRUE(shortage_of(threads));
  EXPECT_EQ(shortage_of(threads)->code, Code::io);
  EXPECT_NE(shortage_of(threads)->message.find("no more threads"), std::string::npos);
  const boost::system::system_error of_asio(boost::system::error_code(EAGAIN, boost::system::system_category()),
                                            "thread");
  EXPECT_TRUE(shortage_of(of_asio));
  EXPECT_TRUE(shortage_of(std::bad_alloc()));
  EXPECT_FALSE(shortage_of(std::logic_error("a bug")));
  EXPECT_FALSE(shortage_of(std::system_error(ENOENT, std::generic_category())));
}

}  // namespace
}  // namespace eai
