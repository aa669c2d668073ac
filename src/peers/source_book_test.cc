#include "peers/source_book.h"

#include <gtest/gtest.h>

namespace eai::peers {
namespace {

using namespace std::chrono_literals;

const Clock::time_point k_start = Clock::time_point(1000s);

SourceBook make_book(int gateways, Options options = {}) {
  std::vector<Source> sources;
  sources.push_back({Source::Kind::folder, "blocks", {}, "/blocks"});
  for (int i = 1; i <= gateways; ++i) {
    std::string name = "g" + std::to_string(i);
    sources.push_back({Source::Kind::gateway, name, "https://" + name, {}});
  }
  return SourceBook(std::move(sources), options, 1);
}

TEST(SourceBook, SpreadsRequestsInOrder) {
  SourceBook book = make_book(2);
  EXPECT_EQ(book.pick(0, k_start), 1);
  book.started(1);
  EXPECT_EQ(book.pick(0, k_start), 2);
  book.started(2);
  EXPECT_EQ(book.pick(0, k_start), 1);
}

TEST(SourceBook, AsksTheFasterOneMore) {
  SourceBook book = make_book(2);
  book.tick(k_start);
  book.got(1, 0, 1'000'000);
  book.got(2, 0, 9'000'000);
  book.tick(k_start + 1s);
  for (int i = 0; i < 8; ++i) {
    auto picked = book.pick(0, k_start + 1s);
    ASSERT_EQ(picked, 2);
    book.started(*picked);
  }
  EXPECT_EQ(book.pick(0, k_start + 1s), 1) << "the fast one has no slot left";
}

TEST(SourceBook, WaitsAfterATrouble) {
  SourceBook book = make_book(1);
  book.trouble(1, 0, "HTTP 503", {}, k_start);
  EXPECT_FALSE(book.pick(0, k_start));
  EXPECT_FALSE(book.hopeless(0));
  auto ready = book.next_ready(k_start);
  ASSERT_TRUE(ready);
  EXPECT_LE(*ready, k_start + 500ms);
  EXPECT_EQ(book.pick(0, *ready), 1);
}

TEST(SourceBook, HonoursRetryAfter) {
  SourceBook book = make_book(1);
  book.trouble(1, 0, "HTTP 429", 7s, k_start);
  EXPECT_FALSE(book.pick(0, k_start + 6999ms));
  EXPECT_EQ(book.pick(0, k_start + 7s), 1);
  EXPECT_EQ(book.progress(k_start)[1].trouble, "HTTP 429");
  EXPECT_EQ(book.progress(k_start)[1].wait, std::chrono::seconds(7));
}

TEST(SourceBook, DoesNotWaitForHours) {
  SourceBook book = make_book(1);
  book.trouble(1, 0, "HTTP 429", 3600s, k_start);
  EXPECT_TRUE(book.hopeless(0));
}

TEST(SourceBook, GivesUpAfterItsRetries) {
  Options options;
  options.max_retries = 2;
  SourceBook book = make_book(1, options);
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(book.hopeless(0)) << i;
    book.trouble(1, 0, "HTTP 500", {}, k_start);
  }
  EXPECT_TRUE(book.hopeless(0));
  EXPECT_FALSE(book.hopeless(1)) << "another piece may still work";
  EXPECT_EQ(book.report(), "blocks: was not needed; g1: HTTP 500 (3 times)");
}

TEST(SourceBook, BytesGiveTheAttemptsBack) {
  Options options;
  options.max_retries = 1;
  SourceBook book = make_book(1, options);
  for (int i = 0; i < 10; ++i) {
    book.trouble(1, 0, "cut", {}, k_start);
    book.got(1, 0, k_mib);
  }
  EXPECT_FALSE(book.hopeless(0));
  for (int i = 0; i < 2; ++i) {
    book.trouble(1, 0, "cut", {}, k_start);
    book.got(1, 0, 10);
  }
  EXPECT_TRUE(book.hopeless(0)) << "ten bytes are no progress";
}

TEST(SourceBook, WhatItLacksIsNotAskedAgain) {
  SourceBook book = make_book(2);
  book.lacks(1, 0, "HTTP 404");
  EXPECT_EQ(book.pick(0, k_start), 2);
  EXPECT_EQ(book.pick(1, k_start), 1);
  book.lacks(2, 0, "HTTP 410");
  EXPECT_TRUE(book.hopeless(0));
}

TEST(SourceBook, ALiarIsOut) {
  SourceBook book = make_book(2);
  book.ban(1, "sent wrong bytes");
  EXPECT_TRUE(book.banned(1));
  EXPECT_EQ(book.pick(5, k_start), 2);
  EXPECT_EQ(book.alive(), 1);
  EXPECT_EQ(book.progress(k_start)[1].trouble, "sent wrong bytes, not used again");
}

TEST(SourceBook, OnlyOne) {
  SourceBook book = make_book(2);
  EXPECT_EQ(book.pick(0, k_start, 2), 2);
  book.lacks(2, 0, "HTTP 404");
  EXPECT_FALSE(book.pick(0, k_start, 2));
  EXPECT_TRUE(book.hopeless(0, 2));
}

}  // namespace
}  // namespace eai::peers
