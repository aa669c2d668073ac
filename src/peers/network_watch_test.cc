#include "peers/network_watch.h"

#include <gtest/gtest.h>

namespace eai::peers {
namespace {

using namespace std::chrono_literals;
using Clock = NetworkWatch::Clock;

const Clock::time_point k_start = Clock::time_point(1000s);

class Watch : public ::testing::Test {
 protected:
  void fail(const std::string& host, Reach reach, Clock::duration asked, Clock::duration now) {
    watch_.failed(host, reach, k_start + asked, k_start + now);
  }
  NetworkWatch watch_;
};

TEST_F(Watch, NoNameServerAndNoRouteMeanThatItIsAway) {
  EXPECT_FALSE(watch_.away());
  for (const Reach reach : {Reach::away, Reach::cut}) {
    NetworkWatch watch;
    watch.failed("a.example", reach, k_start, k_start);
    EXPECT_TRUE(watch.away());
  }
}

TEST_F(Watch, AWrongNameIsNotAnAbsentNetwork) {
  fail("wrong.example", Reach::unknown_name, 0s, 0s);
  fail("another.wrong.example", Reach::unknown_name, 0s, 0s);
  EXPECT_FALSE(watch_.away());
  EXPECT_FALSE(watch_.patience_left(k_start + 100s));
  fail("right.example", Reach::away, 1s, 1s);
  EXPECT_TRUE(watch_.away()) << "a wrong name among others does not hide it either";
}

TEST_F(Watch, OneSilentHostIsDownAndTwoAreTheNetwork) {
  fail("a.example", Reach::silent, 0s, 10s);
  fail("a.example", Reach::silent, 11s, 21s);
  EXPECT_FALSE(watch_.away());
  fail("b.example", Reach::silent, 11s, 22s);
  EXPECT_TRUE(watch_.away());
}

TEST_F(Watch, OneAnswerFromAfarDisprovesIt) {
  fail("a.example", Reach::away, 0s, 0s);
  watch_.reached("b.example");
  EXPECT_FALSE(watch_.away());
  fail("a.example", Reach::away, 1s, 1s);
  EXPECT_FALSE(watch_.away()) << "the name servers of a.example are its own trouble";
  fail("b.example", Reach::away, 5s, 6s);
  EXPECT_TRUE(watch_.away());
  EXPECT_EQ(watch_.patience_left(k_start + 6s), k_network_patience - 5s) << "the answer began a new story";
  watch_.reached("b.example");
  fail("a.example", Reach::cut, 7s, 7s);
  EXPECT_TRUE(watch_.away()) << "without a connection, older answers mean nothing";
}

TEST_F(Watch, NeighboursSayNothingAboutTheNetworkBeyond) {
  fail("a.example", Reach::away, 0s, 0s);
  for (const char* host : {"localhost", "127.0.0.1", "127.8.8.8", "::1", "192.168.1.7", "10.0.0.1", "fd00::1"}) {
    watch_.reached(host);
    EXPECT_TRUE(watch_.away()) << host;
  }
  NetworkWatch other;
  for (const char* host : {"192.168.1.7", "10.0.0.1", "fd00::1"}) other.failed(host, Reach::silent, k_start, k_start);
  EXPECT_FALSE(other.away()) << "machines nearby are switched off";
}

TEST_F(Watch, PatienceIsCountedFromTheFirstQuestionThatGotNoAnswer) {
  fail("a.example", Reach::away, 0s, 5s);  // the name server hung
  EXPECT_EQ(watch_.patience_left(k_start + 6s), k_network_patience - 6s);
  fail("b.example", Reach::away, 1500ms, 6500ms);
  EXPECT_FALSE(watch_.given_up(k_start + 6500ms));
  EXPECT_TRUE(watch_.given_up(k_start + k_network_patience));
  EXPECT_LT(k_network_patience, 15s);
}

TEST_F(Watch, WhatIsLongPastIsAnotherStory) {
  fail("a.example", Reach::away, 0s, 0s);
  fail("b.example", Reach::away, 300s, 300s);
  EXPECT_EQ(watch_.patience_left(k_start + 300s), k_network_patience);
}

TEST(IsNearby, KnowsThisMachineAndItsNeighbours) {
  for (const char* host : {"localhost", "x.localhost", "127.0.0.1", "::1"}) EXPECT_TRUE(is_this_machine(host)) << host;
  for (const char* host : {"localhost", "127.0.0.1", "192.168.0.9", "fe80::1"}) EXPECT_TRUE(is_nearby(host)) << host;
  for (const char* host : {"ipfs.io", "9.9.9.9", "localhost.example", "2606:4700::1", ""}) {
    EXPECT_FALSE(is_nearby(host)) << host;
  }
}

}  // namespace
}  // namespace eai::peers
