#include "peers/gateway_probe.h"

#include <fstream>

#include <gtest/gtest.h>

#include "fakes/lying_gateway.h"

namespace eai::peers {
namespace {

using namespace std::chrono_literals;
using fakes::LyingGateway;
using Meaning = GatewayProbe::Meaning;

struct ProbeGateways : ::testing::Test {
  ProbeGateways() { std::ofstream(folder.path() / "bafkqaaa") << ""; }
  std::vector<std::string> mode(const std::string& name) const {
    return {"--blocks", folder.path().string(), "--mode", name};
  }
  static std::vector<GatewayProbe> probe(const std::vector<std::string>& urls, std::chrono::milliseconds limit = 10s) {
    const auto sources = make_sources({.gateways = urls}, {});
    EXPECT_TRUE(sources) << sources.error().message;
    return probe_gateways(*sources, {}, limit, {});
  }
  TemporaryFolder folder;
};

TEST_F(ProbeGateways, EachIsToldApartFromTheOthers) {
  const LyingGateway good(mode("honest")), busy(mode("overloaded")), page(mode("html"));
  const auto found = probe({good.url(), busy.url(), page.url()});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].meaning, Meaning::answers) << found[0].why;
  EXPECT_EQ(found[0].status, 200);
  EXPECT_EQ(found[0].base, good.url());
  ASSERT_TRUE(found[0].ahead);
  EXPECT_LE(std::abs(found[0].ahead->count()), 5);
  EXPECT_EQ(found[1].meaning, Meaning::other);
  EXPECT_EQ(found[1].why, "HTTP 503");
  EXPECT_EQ(found[2].meaning, Meaning::other);
  EXPECT_NE(found[2].why.find("web page"), std::string::npos) << found[2].why;
}

TEST_F(ProbeGateways, TheLimitIsForAllTogether) {
  const LyingGateway one(mode("silent")), two(mode("silent"));
  const auto begin = std::chrono::steady_clock::now();
  const auto found = probe({one.url(), two.url(), "http://127.0.0.1:1"}, 300ms);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 3s);
  for (const GatewayProbe& each : found) {
    EXPECT_EQ(each.meaning, Meaning::unreachable);
    EXPECT_FALSE(each.why.empty());
  }
}

TEST_F(ProbeGateways, NothingIsAskedWhereThereIsNone) {
  EXPECT_TRUE(probe({}).empty());
  EXPECT_TRUE(probe({"file:///tmp"}).empty()) << "a folder is no gateway";
  std::stop_source stop;
  stop.request_stop();
  const LyingGateway silent(mode("silent"));
  const auto sources = make_sources({.gateways = {silent.url()}}, {});
  EXPECT_EQ(probe_gateways(*sources, {}, 10s, stop.get_token()).front().meaning, Meaning::unreachable);
}

}  // namespace
}  // namespace eai::peers
