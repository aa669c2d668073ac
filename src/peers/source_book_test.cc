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
  auto now = k_start;
  for (int i = 0; i < 3; ++i) {
    EXPECT_FALSE(book.hopeless(0)) << i;
    book.trouble(1, 0, "HTTP 500", {}, now);
    now = *book.next_ready(now);
  }
  EXPECT_TRUE(book.hopeless(0));
  EXPECT_FALSE(book.hopeless(1)) << "another piece may still work";
  EXPECT_EQ(book.report(), "blocks: was not needed; g1: HTTP 500 (3 times)");
}

TEST(SourceBook, WhatEndsInAWaitIsTheSameTrouble) {
  Options options;
  options.max_retries = 1;
  SourceBook book = make_book(1, options);
  const int before = limit_of(book, k_start);
  for (int i = 0; i < 16; ++i) book.trouble(1, 0, "connection reset", {}, k_start + std::chrono::milliseconds(i));
  EXPECT_FALSE(book.hopeless(0)) << "a server that was started anew cut sixteen connections";
  const auto ready = *book.next_ready(k_start);
  EXPECT_LE(ready, k_start + 600ms);
  EXPECT_EQ(limit_of(book, ready), before / 2);
  book.trouble(1, 0, "could not connect", {}, ready);
  EXPECT_TRUE(book.hopeless(0));
}

TEST(SourceBook, BytesGiveTheAttemptsBack) {
  Options options;
  options.max_retries = 1;
  SourceBook book = make_book(1, options);
  auto now = k_start;
  const auto trouble = [&] {
    book.trouble(1, 0, "cut", {}, now);
    now = *book.next_ready(now);
  };
  for (int i = 0; i < 10; ++i) {
    trouble();
    book.got(1, 0, k_mib);
  }
  EXPECT_FALSE(book.hopeless(0));
  for (int i = 0; i < 2; ++i) {
    trouble();
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

// What earlier runs have left.
class Remembering : public ::testing::Test {
 protected:
  SourceMemory memory() { return SourceMemory({folder_.path() / "sources.json", folder_.path() / "locks/lock"}); }
  static void expect_distrust(const SourceBook& book, int index, Clock::time_point now) {
    EXPECT_NE(book.progress(now)[static_cast<std::size_t>(index)].trouble.find("less than a day ago"),
              std::string::npos);
  }
  TemporaryFolder folder_;
};

TEST_F(Remembering, WhoLiedIsAskedLast) {
  memory().lied("https://g1");
  SourceMemory known = memory();
  SourceBook book = make_book(2);
  book.remember_in(known, k_start);
  EXPECT_EQ(book.source(1).name, "g2");
  ASSERT_EQ(book.source(2).name, "g1");
  for (int i = 0; i < 16; ++i) {
    ASSERT_EQ(book.pick(0, k_start), 1) << i;
    book.started(1);
  }
  EXPECT_FALSE(book.pick(0, k_start)) << "not even when the other has no slot left";
  EXPECT_EQ(book.pick(0, k_start, 2), 2) << "whoever insists";
  EXPECT_FALSE(book.banned(2));
  expect_distrust(book, 2, k_start);
  EXPECT_NE(book.progress(k_start)[2].trouble.find(known.file().string()), std::string::npos);
  EXPECT_EQ(book.progress(k_start)[1].trouble, "");
  EXPECT_NE(book.report().find("g1: sent wrong bytes less than a day ago"), std::string::npos) << book.report();
}

TEST_F(Remembering, WhoLiedIsAskedForWhatNobodyElseDelivers) {
  memory().lied("https://g1");
  SourceMemory known = memory();
  const auto begin = [&] {
    SourceBook book = make_book(2);
    book.remember_in(known, k_start);
    return book;
  };
  {
    SourceBook book = begin();
    book.lacks(1, 7, "HTTP 404");
    EXPECT_EQ(book.pick(7, k_start), 2);
    EXPECT_EQ(book.pick(8, k_start), 1);
    EXPECT_FALSE(book.hopeless(7));
  }
  {
    SourceBook book = begin();
    book.trouble(1, 0, "HTTP 503", {}, k_start);
    EXPECT_FALSE(book.pick(0, k_start)) << "one trouble may pass";
    const auto later = k_start + 10s;
    book.trouble(1, 0, "HTTP 503", {}, later);
    EXPECT_EQ(book.pick(0, later), 2);
    book.got(1, 0, k_mib);
    EXPECT_NE(book.pick(0, later), 2) << "the other one is back";
  }
  {
    SourceBook book = begin();
    book.trouble(1, 0, "HTTP 429", 60s, k_start);
    EXPECT_EQ(book.pick(0, k_start), 2) << "nobody waits for a minute";
  }
  {
    SourceBook book = begin();
    book.trouble(1, 0, "no route", {}, k_start, Reach::away);
    EXPECT_EQ(book.pick(0, k_start), 2) << "it may be nearby";
  }
  {
    SourceBook book = begin();
    book.stalls(1);
    for (int i = 0; i < 8; ++i) book.started(1);
    EXPECT_EQ(book.pick(0, k_start), 2);
  }
  {
    SourceBook book = begin();
    book.ban(1, "refused");
    EXPECT_EQ(book.pick(0, k_start), 2);
  }
  {
    SourceBook book = begin();
    book.ranges_ignored(1);
    EXPECT_EQ(book.pick(0, k_start), 1) << "it is slow to ask, but it does not lie";
  }
}

TEST_F(Remembering, WhenAllLiedAllAreAsked) {
  memory().lied("https://g1");
  memory().lied("https://g2");
  SourceMemory known = memory();
  SourceBook book = make_book(2);
  book.remember_in(known, k_start);
  EXPECT_EQ(book.pick(0, k_start), 1);
  book.started(1);
  EXPECT_EQ(book.pick(0, k_start), 2);
}

TEST_F(Remembering, DistrustEndsWithTheDayAlsoInARun) {
  SourceMemory::Clock::time_point wall = SourceMemory::Clock::now();
  SourceMemory known({folder_.path() / "sources.json", folder_.path() / "locks/lock"}, [&] { return wall; });
  known.lied("https://g1");
  wall += 23h;
  SourceBook book = make_book(2);
  book.remember_in(known, k_start);
  book.tick(k_start + 59min);
  expect_distrust(book, 2, k_start + 59min);
  book.tick(k_start + 61min);
  EXPECT_EQ(book.progress(k_start + 61min)[2].trouble, "");
  book.started(1);
  EXPECT_EQ(book.pick(0, k_start + 61min), 2);
}

TEST_F(Remembering, ALieOfAGatewayIsKeptAtOnceAndNothingElse) {
  SourceMemory known = memory();
  SourceBook book = make_book(3);
  book.add({Source::Kind::url, "hub", "https://hub/file?signature=secret", {}});
  book.remember_in(known, k_start);
  book.lied(1, "sent wrong bytes");
  book.ban(2, "plain http is not allowed", Hint::allow_plain_http);
  book.lied(4, "sent wrong bytes");
  EXPECT_TRUE(book.banned(1) && book.banned(2) && book.banned(4));
  EXPECT_TRUE(memory().recall("https://g1").distrusted_until);
  EXPECT_FALSE(memory().recall("https://g2").distrusted_until);
  EXPECT_FALSE(memory().recall("https://hub").distrusted_until);
  memory().lied("https://hub");
  SourceMemory later = memory();
  SourceBook next = make_book(0);
  next.remember_in(later, k_start);
  next.add({Source::Kind::url, "hub", "https://hub/file", {}});
  next.serves(1, 0);
  EXPECT_EQ(next.progress(k_start)[1].trouble, "") << "as a URL, it is only another file";
}

// A second in which each of the gateways 1, 2, … had a request and delivered so much.
void deliver(SourceBook& book, Clock::time_point now, const std::vector<std::uint64_t>& bytes) {
  book.tick(now);
  for (int i = 1; i <= static_cast<int>(bytes.size()); ++i) {
    book.started(i);
    book.got(i, 0, bytes[static_cast<std::size_t>(i - 1)]);
  }
  book.tick(now + 1s);
  for (int i = 1; i <= static_cast<int>(bytes.size()); ++i) book.ended(i);
}

TEST_F(Remembering, RatesOfEarlierRunsSayWhomToAskFirst) {
  {
    SourceMemory known = memory();
    SourceBook book = make_book(3);
    book.remember_in(known, k_start);
    deliver(book, k_start, {2'000'000, 20'000'000, 1000});
    book.keep_rates();
  }
  EXPECT_NEAR(memory().recall("https://g1").bytes_per_second, 2e6, 10);
  EXPECT_NEAR(memory().recall("https://g2").bytes_per_second, 2e7, 10);
  EXPECT_EQ(memory().recall("https://g3").bytes_per_second, 0) << "a few bytes say nothing";
  SourceMemory known = memory();
  SourceBook book = make_book(2);
  book.remember_in(known, k_start);
  std::vector<int> asked;
  for (int i = 0; i < 6; ++i) {
    asked.push_back(book.pick(0, k_start).value_or(0));
    book.started(asked.back());
  }
  EXPECT_EQ(asked.front(), 2);
  EXPECT_EQ(std::ranges::count(asked, 1), 1) << "the slow one has its chance, too";
  for (const int one : asked) book.ended(one);
  deliver(book, k_start, {40'000'000, 2'000'000});
  EXPECT_EQ(book.pick(0, k_start + 1s), 1) << "today it is faster";
}

TEST_F(Remembering, WhoeverIsNotKnownIsTakenForFast) {
  SourceMemory before = memory();
  before.measured("https://g1", 50'000'000, 10s);
  before.measured("https://g2", 5'000'000, 10s);
  before.save();
  SourceMemory known = memory();
  SourceBook book = make_book(3);
  book.remember_in(known, k_start);
  EXPECT_EQ(book.pick(0, k_start), 1);
  book.started(1);
  EXPECT_EQ(book.pick(0, k_start), 3);
}

TEST_F(Remembering, TheRateOfALiarIsNotKept) {
  SourceMemory known = memory();
  SourceBook book = make_book(1);
  book.remember_in(known, k_start);
  deliver(book, k_start, {20'000'000});
  book.lied(1, "sent wrong bytes");
  book.keep_rates();
  EXPECT_EQ(memory().recall("https://g1").bytes_per_second, 0);
}

}  // namespace
}  // namespace eai::peers
