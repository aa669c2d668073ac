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

// How many requests the only source gets at a time.
int limit_of(SourceBook& book, Clock::time_point now) {
  int started = 0;
  for (; started < 100 && book.pick(0, now, 1); ++started) book.started(1);
  for (int i = 0; i < started; ++i) book.ended(1);
  return started;
}

TEST(SourceBook, ASourceGetsMoreRequestsWhileItsRateGrowsAndHalfAfterTrouble) {
  SourceBook book = make_book(2);
  auto now = k_start;
  const auto second = [&](std::uint64_t bytes) {
    const int limit = limit_of(book, now);
    for (int i = 0; i < limit; ++i) book.started(1);
    book.got(1, 0, bytes);
    book.tick(now += 1s);
    for (int i = 0; i < limit; ++i) book.ended(1);
    return limit_of(book, now);
  };
  EXPECT_EQ(limit_of(book, now), 8) << "half of all, at first";
  second(1'000'000);
  EXPECT_EQ(second(2'000'000), 9);
  EXPECT_EQ(second(4'000'000), 10);
  for (int i = 0; i < 40; ++i) second(4'000'000);
  const int settled = limit_of(book, now);
  EXPECT_EQ(second(4'000'000), settled) << "more requests bring no more";
  EXPECT_LE(settled, 16);
  book.stalls(1);
  EXPECT_EQ(limit_of(book, now), settled / 2);
  book.trouble(1, 0, "HTTP 429", {}, now);
  now = *book.next_ready(now);
  EXPECT_EQ(limit_of(book, now), settled / 4);
  EXPECT_EQ(second(4'000'000), settled / 4 + 1) << "and it may grow again";
}

TEST(SourceBook, AUrlIsAskedForItsOwnPiecesOnly) {
  SourceBook book = make_book(0);
  book.add({Source::Kind::url, "u", "https://u/file", {}});
  EXPECT_FALSE(book.pick(0, k_start));
  EXPECT_TRUE(book.hopeless(0));
  book.serves(1, 0);
  EXPECT_EQ(book.pick(0, k_start), 1);
  EXPECT_FALSE(book.pick(1, k_start));
  EXPECT_EQ(book.alive(), 1);
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

TEST(SourceBook, WhileTheNetworkIsAwayFailuresCostNoAttempts) {
  for (const int retries : {0, 5}) {
    Options options;
    options.max_retries = retries;
    SourceBook book = make_book(1, options);
    auto now = k_start;
    for (int i = 0; i < 20; ++i) {
      book.network().failed("g1", Reach::away, now, now);
      book.trouble(1, 0, "could not resolve host", {}, now, Reach::away);
      EXPECT_LE(*book.next_ready(now), now + k_away_pause);
      now += k_away_pause;
    }
    EXPECT_EQ(book.hopeless(0), retries == 0) << "where nothing is to be repeated, nothing is";
    EXPECT_TRUE(book.cut_off(0, now));
    EXPECT_TRUE(book.failure("part-aa").message.starts_with("no network: ")) << book.failure("part-aa").message;
    EXPECT_EQ(book.failure("part-aa").hint, Hint::try_again);
  }
}

TEST(SourceBook, AWrongNameCostsItsAttempts) {
  SourceBook book = make_book(1);
  auto now = k_start;
  for (int i = 0; i < 6; ++i) {
    book.network().failed("g1", Reach::unknown_name, now, now);
    book.trouble(1, 0, "could not resolve host: g1", {}, now, Reach::unknown_name);
    now += k_away_pause;
  }
  EXPECT_TRUE(book.hopeless(0));
  EXPECT_TRUE(book.failure("part-aa").message.starts_with("no source delivers part-aa: "));
}

TEST(SourceBook, ASourceNearbyIsNotCutOff) {
  Options options;
  options.max_retries = 1;
  SourceBook book({{Source::Kind::gateway, "far", "https://far.example", {}},
                   {Source::Kind::gateway, "near", "http://127.0.0.1:8080", {}}},
                  options, 1);
  const auto later = k_start + k_network_patience;
  book.network().failed("far.example", Reach::away, k_start, k_start);
  book.trouble(0, 0, "could not resolve host", {}, k_start, Reach::away);
  EXPECT_FALSE(book.cut_off(0, k_start));
  EXPECT_FALSE(book.cut_off(0, later)) << "it may still have it";
  book.lacks(1, 0, "HTTP 404");
  EXPECT_TRUE(book.cut_off(0, later));
  EXPECT_FALSE(book.cut_off(1, later)) << "another piece it may have";
}

TEST(SourceBook, ARateWithoutNewsIsUnknown) {
  SourceBook book = make_book(1);
  book.tick(k_start);
  book.got(1, 0, 10'000'000);
  book.tick(k_start + 1s);
  EXPECT_GT(book.progress(k_start + 2s)[1].bytes_per_second, 0);
  EXPECT_EQ(book.progress(k_start + 7s)[1].bytes_per_second, 0);
  book.got(1, 0, 1'000'000);
  book.tick(k_start + 8s);
  EXPECT_GT(book.progress(k_start + 8s)[1].bytes_per_second, 0);
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
