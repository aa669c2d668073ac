#include "api/image_shelf.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

using namespace std::chrono_literals;

struct Shelf : ::testing::Test {
  std::chrono::steady_clock::time_point now{1h};
  ImageShelf shelf{[this] { return now; }};
};

TEST_F(Shelf, APictureIsThereForAnHour) {
  const std::string name = shelf.put("bytes", "png");
  EXPECT_TRUE(name.ends_with(".png"));
  EXPECT_EQ(name.size(), 32 + 4U) << "128 random bits in hexadecimal digits";
  now += ImageShelf::k_file_life;
  ASSERT_NE(shelf.file(name), nullptr);
  EXPECT_EQ(shelf.file(name)->bytes, "bytes");
  EXPECT_EQ(shelf.file(name)->type, "image/png");
  now += 1s;
  EXPECT_EQ(shelf.file(name), nullptr);
}

TEST_F(Shelf, OldPicturesMakeRoomForNewOnes) {
  const std::string half(ImageShelf::k_file_bytes / 2, 'x');
  const std::string first = shelf.put(half, "png");
  const std::string second = shelf.put(half, "png");
  EXPECT_NE(shelf.file(first), nullptr);
  const std::string third = shelf.put("x", "png");
  EXPECT_EQ(shelf.file(first), nullptr);
  EXPECT_NE(shelf.file(second), nullptr);
  const std::string huge = shelf.put(std::string(ImageShelf::k_file_bytes + 1, 'x'), "png");
  EXPECT_NE(shelf.file(huge), nullptr) << "somebody was just told its address";
  EXPECT_EQ(shelf.file(third), nullptr);
}

TEST_F(Shelf, ProgressIsKeptForAWhileAfterTheEnd) {
  auto running = shelf.begin("running"), ended = shelf.begin("ended");
  EXPECT_EQ(shelf.begin("running"), nullptr) << "the id is taken";
  ended->status = "done";
  now += ImageShelf::k_progress_life + 1s;
  shelf.begin("");
  EXPECT_NE(shelf.find("running"), nullptr);
  running->status = "failed";
  shelf.begin("");
  EXPECT_EQ(shelf.find("running"), nullptr);
  EXPECT_EQ(shelf.find("ended"), nullptr);
}

TEST_F(Shelf, TheTimeOfALongJobBeginsAtItsEnd) {
  auto job = shelf.begin("long");
  now += 2 * ImageShelf::k_progress_life;
  job->status = "done";
  job->end = now;
  now += ImageShelf::k_progress_life;
  shelf.begin("");
  EXPECT_NE(shelf.find("long"), nullptr);
  now += 1s;
  shelf.begin("");
  EXPECT_EQ(shelf.find("long"), nullptr);
}

TEST_F(Shelf, AnIdMayBeUsedAgainWhenItsRequestHasEnded) {
  shelf.begin("id")->status = "done";
  auto again = shelf.begin("id");
  ASSERT_NE(again, nullptr);
  now += ImageShelf::k_progress_life + 1s;
  shelf.begin("");
  EXPECT_EQ(shelf.find("id"), again.get()) << "the old entry's end is not the new one's";
}

TEST_F(Shelf, ManyEndedRequestsAreForgotten) {
  for (std::size_t i = 0; i < ImageShelf::k_progress_count + 10; ++i)
    shelf.begin("id" + std::to_string(i))->status = "done";
  EXPECT_EQ(shelf.find("id0"), nullptr);
  EXPECT_NE(shelf.find("id" + std::to_string(ImageShelf::k_progress_count)), nullptr);
}

TEST(Progress, TellsTheTimeThatIsLeft) {
  ImageProgress progress;
  progress.id = "x";
  progress.status = "queued";
  progress.position = 3;
  EXPECT_NE(progress.json().find(R"("position":3)"), std::string::npos);
  EXPECT_EQ(progress.json().find("seconds"), std::string::npos) << "nothing is known yet";
  progress.status = "drawing";
  progress.n = 2;
  progress.steps = 4;
  progress.image = 1;
  progress.step = 2;
  progress.begin = std::chrono::steady_clock::now() - 6s;
  const std::string text = progress.json();
  const double left = std::stod(text.substr(text.find("seconds_left") + 14));
  EXPECT_GE(left, 2) << "6 of 8 steps took 6 seconds or a little more";
  EXPECT_LT(left, 60);
}

}  // namespace
}  // namespace eai::api
