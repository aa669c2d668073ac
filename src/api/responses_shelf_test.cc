#include "api/responses_shelf.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

using namespace std::chrono_literals;

struct Shelved : ::testing::Test {
  static std::shared_ptr<const ShelfItem> item(const std::string& id, std::size_t size = 10) {
    return std::make_shared<const ShelfItem>(ShelfItem{id, std::string(size, 'x')});
  }
  static KeptResponse response(const std::string& id, ShelfItems input = {}, ShelfItems output = {}) {
    return {id, "text of " + id, std::move(input), std::move(output)};
  }

  std::chrono::steady_clock::time_point now{1h};
  ResponsesShelf shelf{[this] { return now; }};
};

TEST_F(Shelved, AResponseIsThereForAnHour) {
  shelf.put("key", response("r", {item("a")}, {item("b")}));
  now += ResponsesShelf::k_life;
  ASSERT_NE(shelf.find("key", "r"), nullptr);
  EXPECT_EQ(shelf.find("key", "r")->text, "text of r");
  ASSERT_NE(shelf.item("key", "a"), nullptr);
  EXPECT_EQ(shelf.item("key", "b")->id, "b");
  now += 1s;
  EXPECT_EQ(shelf.find("key", "r"), nullptr);
  EXPECT_EQ(shelf.item("key", "a"), nullptr);
}

TEST_F(Shelved, NobodyFindsAnothersResponse) {
  shelf.put("key", response("r", {item("a")}));
  shelf.put("other", response("s", {item("a", 20)}));
  for (const char* stranger : {"other", "", "ke"}) {
    EXPECT_EQ(shelf.find(stranger, "r"), nullptr);
    EXPECT_FALSE(shelf.erase(stranger, "r"));
  }
  EXPECT_EQ(shelf.item("", "a"), nullptr);
  EXPECT_EQ(shelf.item("key", "a")->text.size(), 10U);
  EXPECT_EQ(shelf.item("other", "a")->text.size(), 20U);
}

TEST_F(Shelved, TheLatestOfItemsWithOneIdCounts) {
  shelf.put("", response("r", {item("a", 1)}));
  shelf.put("", response("s", {item("a", 2)}));
  EXPECT_EQ(shelf.item("", "a")->text.size(), 2U);
  EXPECT_TRUE(shelf.erase("", "r"));
  EXPECT_NE(shelf.item("", "a"), nullptr) << "the later response still has it";
  EXPECT_TRUE(shelf.erase("", "s"));
  EXPECT_EQ(shelf.item("", "a"), nullptr);
  EXPECT_FALSE(shelf.erase("", "s"));
}

TEST_F(Shelved, OldResponsesMakeRoomForNewOnes) {
  for (std::size_t i = 0; i <= ResponsesShelf::k_count; ++i) shelf.put("", response("r" + std::to_string(i)));
  EXPECT_EQ(shelf.find("", "r0"), nullptr);
  EXPECT_NE(shelf.find("", "r1"), nullptr);
  EXPECT_NE(shelf.find("", "r" + std::to_string(ResponsesShelf::k_count)), nullptr);
}

TEST_F(Shelved, BytesAreBounded) {
  const std::size_t large = ResponsesShelf::k_largest - 10'000;
  for (int i = 0; i < 5; ++i) shelf.put("", response("r" + std::to_string(i), {item("a" + std::to_string(i), large)}));
  EXPECT_EQ(shelf.find("", "r0"), nullptr) << "four of them fill the shelf";
  EXPECT_EQ(shelf.item("", "a0"), nullptr);
  EXPECT_NE(shelf.find("", "r1"), nullptr);
  EXPECT_NE(shelf.find("", "r4"), nullptr);
  shelf.put("", response("huge", {item("h", ResponsesShelf::k_largest)}));
  EXPECT_EQ(shelf.find("", "huge"), nullptr) << "it would drive out too many others";
  EXPECT_NE(shelf.find("", "r1"), nullptr);
}

TEST_F(Shelved, WhatConversationsShareCountsForEach) {
  const auto shared = item("a", ResponsesShelf::k_largest / 2);
  for (int i = 0; i < 20; ++i) shelf.put("", response("r" + std::to_string(i), {shared}));
  EXPECT_EQ(shelf.find("", "r0"), nullptr);
  EXPECT_NE(shelf.find("", "r19"), nullptr);
  EXPECT_EQ(shelf.item("", "a"), shared);
}

TEST_F(Shelved, ErasedResponsesLeaveRoom) {
  const std::size_t large = ResponsesShelf::k_largest - 10'000;
  for (int i = 0; i < 4; ++i) shelf.put("", response("r" + std::to_string(i), {item("a", large)}));
  EXPECT_TRUE(shelf.erase("", "r1"));
  shelf.put("", response("r4", {item("a", large)}));
  EXPECT_NE(shelf.find("", "r0"), nullptr);
}

}  // namespace
}  // namespace eai::api
