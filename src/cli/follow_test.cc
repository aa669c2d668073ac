#include "cli/follow.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::cli {
namespace {

using library::Phase;
using library::Progress;
using std::chrono::seconds;

Progress half_packed() {
  Progress now{"tiny", "", Phase::packing, 1'200'000'000, 2'000'000'000, 0, 200'000'000, seconds(5)};
  now.peers = {{.name = "lighthouse",
                .done = 410'000'000,
                .total = 1'600'000'000,
                .in_flight = 2,
                .bytes_per_second = 10'000'000,
                .time_left = seconds(120)},
               {.name = "kubo", .total = 1'600'000'000, .begun = false}};
  return now;
}

TEST(PreserveLook, TheFolderAndEachHomeThatHasBegunHaveABar) {
  const auto bars = preserve_look().bars(half_packed());
  ASSERT_EQ(bars.size(), 2U);
  EXPECT_EQ(plain_line(bars[0]), "packing tiny: 1.20 GB of 2.00 GB (60%), 200 MB/s, 5 s left");
  EXPECT_EQ(plain_line(bars[1]), "lighthouse: 410 MB of 1.60 GB (25%), 10.0 MB/s, 2 min left, 2 in flight");
}

TEST(PreserveLook, TheFolderAndEveryHomeHaveAnEvent) {
  const auto events = preserve_look().events(half_packed());
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(boost::json::serialize(events[0]),
            R"({"event":"progress","phase":"packing","done":1200000000,"total":2000000000,"bytes_per_second":2E8,)"
            R"("seconds_left":5})");
  EXPECT_EQ(boost::json::serialize(events[1]),
            R"({"event":"progress","phase":"packing","home":"lighthouse","sent":410000000,"to_send":1600000000,)"
            R"("in_flight":2,"trouble":"","bytes_per_second":1E7,"seconds_left":120})");
  EXPECT_EQ(events[2].at("home"), "kubo");
}

TEST(PreserveLook, WhenAllIsPackedOnlyTheHomesAreLeft) {
  Progress now = half_packed();
  now.phase = Phase::sending;
  now.peers[0] = {.name = "lighthouse", .done = 500'000'000, .total = 500'000'000, .in_flight = 2};
  now.peers[0].trouble = "tiny.zip.part-aa: HTTP 503; waits 2 s";
  now.peers[1].trouble = "pinning tiny.zip.part-aa: queued";
  const auto bars = preserve_look().bars(now);
  ASSERT_EQ(bars.size(), 2U);
  EXPECT_EQ(plain_line(bars[0]), "lighthouse: 500 MB of 500 MB (100%), 2 in flight");
  EXPECT_EQ(bars[0].troubles.front().what, "tiny.zip.part-aa: HTTP 503; waits 2 s");
  EXPECT_EQ(plain_line(bars[1]), "kubo: pinning tiny.zip.part-aa: queued");
}

TEST(DownloadLook, ShowsTheModelAndTheTroubleOfItsSources) {
  Progress now{"demo", "bafk", Phase::parts, 500, 1000, 700, 100, seconds(6)};
  now.peers = {{.name = "ipfs.io", .done = 700, .bytes_per_second = 100, .trouble = "HTTP 503", .wait = seconds(8)}};
  const auto bars = download_look().bars(now);
  ASSERT_EQ(bars.size(), 1U);
  EXPECT_EQ(plain_line(bars[0]), "demo: 500 B of 1.00 kB (50%), 100 B/s, 6 s left, from ipfs.io");
  EXPECT_EQ(bars[0].troubles.front().what, "ipfs.io: HTTP 503");
  EXPECT_EQ(boost::json::serialize(download_look().events(now).at(0)),
            R"({"event":"progress","hash":"bafk","name":"demo","phase":"parts","verified":500,"received":700,)"
            R"("total":1000,"bytes_per_second":1E2,"sources":[{"name":"ipfs.io","bytes":700,"bytes_per_second":1E2,)"
            R"("trouble":"HTTP 503","wait_seconds":8}],"seconds_left":6})");
  now.peers.push_back({.name = "dweb.link", .bytes_per_second = 10});
  now.peers.push_back({.name = "idle.example"});
  EXPECT_EQ(download_look().bars(now).at(0).more, "from 2 sources");
  now.phase = Phase::unpacking;
  EXPECT_EQ(plain_line(download_look().bars(now).at(0)), "demo: unpacking");
}

TEST(DownloadLook, WhileTheNetworkIsAwayNothingElseIsSaid) {
  Progress now{"demo", "bafk", Phase::parts, 500, 1000, 700};
  now.peers = {{.name = "ipfs.io", .trouble = "could not resolve host: ipfs.io", .wait = seconds(2)}};
  now.network_awaited = seconds(9);
  const auto bars = download_look().bars(now);
  EXPECT_EQ(plain_line(bars.at(0)), "demo: 500 B of 1.00 kB (50%), no network, trying again for 9 s");
  EXPECT_TRUE(bars[0].troubles.empty());
  const auto event = download_look().events(now).at(0);
  EXPECT_TRUE(event.at("bytes_per_second").is_null());
  EXPECT_EQ(event.at("waits_for"), "no network, trying again for 9 s");
  EXPECT_FALSE(event.contains("seconds_left"));
  now.phase = Phase::metadata;
  EXPECT_EQ(plain_line(download_look().bars(now).at(0)),
            "demo: asking for its metadata, no network, trying again for 9 s");
}

TEST(DownloadLook, SaysWhomItWaitsForWhileNothingComes) {
  Progress now{"demo", "bafk", Phase::parts, 500, 1000, 700};
  now.peers = {{.name = "slow.example", .trouble = "HTTP 503", .wait = seconds(20)},
               {.name = "ipfs.io", .trouble = "HTTP 429", .wait = seconds(4)},
               {.name = "idle.example"}};
  EXPECT_EQ(plain_line(download_look().bars(now).at(0)),
            "demo: 500 B of 1.00 kB (50%), waiting for ipfs.io, next try in 4 s");
  EXPECT_TRUE(download_look().events(now).at(0).at("sources").as_array().at(0).at("bytes_per_second").is_null());
  now.bytes_per_second = 100;
  EXPECT_FALSE(download_look().bars(now).at(0).waits) << "somebody delivers";
  EXPECT_FALSE(download_look().events(now).at(0).contains("waits_for"));
}

}  // namespace
}  // namespace eai::cli
