#include "cli/doctor_findings.h"

#include <algorithm>
#include <fstream>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::cli {
namespace {

using Grade = Finding::Grade;
using Meaning = peers::GatewayProbe::Meaning;

// Whatever is not well says what to do.
void expect_cures(const Findings& findings) {
  for (const Finding& one : findings) {
    EXPECT_FALSE(one.found.empty()) << one.check;
    EXPECT_TRUE(one.grade == Grade::good || !one.cure.empty()) << one.found;
    EXPECT_FALSE(one.found.ends_with('.')) << one.found;
  }
}

Grade worst(const Findings& findings) {
  expect_cures(findings);
  Grade out = Grade::good;
  for (const Finding& one : findings) out = std::max(out, one.grade);
  return out;
}

GatewayFacts gateway(Meaning meaning, std::optional<std::chrono::seconds> ahead = {}) {
  return {.probe = {.name = "g", .base = "https://g.example", .meaning = meaning, .why = "HTTP 500", .ahead = ahead}};
}

TEST(DoctorFindings, MemoryAndSwapThatAreUsedUpAreNoted) {
  library::MemoryFacts facts;
  facts.available = 8'000'000'000;
  EXPECT_EQ(worst(findings_of(facts)), Grade::good);
  facts.swap = 2'000'000'000;
  facts.swap_free = 100'000'000;
  EXPECT_EQ(findings_of(facts).size(), 2U);
  EXPECT_EQ(worst(findings_of(facts)), Grade::note);
  facts = {};
  facts.available = 400'000'000;
  EXPECT_EQ(worst(findings_of(facts)), Grade::note);
}

TEST(DoctorFindings, ADiskIsFullOrCannotBeWrittenTo) {
  library::DiskFacts disk{.folder = "/srv/models",
                          .free = 50'000'000'000,
                          .total = 90'000'000'000,
                          .file_system = "ext4",
                          .shares_blocks = false};
  EXPECT_EQ(worst(findings_of(Result<library::DiskFacts>(disk))), Grade::good);
  disk.file_system = "NFS";
  EXPECT_EQ(worst(findings_of(Result<library::DiskFacts>(disk))), Grade::note);
  disk.free = 1'000'000'000;
  EXPECT_EQ(worst(findings_of(Result<library::DiskFacts>(disk))), Grade::note);
  disk.shares_blocks = fail(Code::io, "no");
  EXPECT_EQ(worst(findings_of(Result<library::DiskFacts>(disk))), Grade::problem);
  disk.shares_blocks = true;
  disk.free = 1'000'000;
  EXPECT_EQ(worst(findings_of(Result<library::DiskFacts>(disk))), Grade::problem);
  EXPECT_EQ(worst(findings_of(Result<library::DiskFacts>(fail(Code::io, "no")))), Grade::problem);
}

TEST(DoctorFindings, OneGatewayThatAnswersIsEnough) {
  EXPECT_EQ(worst(findings_of(std::vector{gateway(Meaning::answers)})), Grade::good);
  EXPECT_EQ(worst(findings_of(std::vector{gateway(Meaning::other), gateway(Meaning::answers)})), Grade::note);
  EXPECT_EQ(worst(findings_of(std::vector{gateway(Meaning::other), gateway(Meaning::unreachable)})), Grade::problem);
  EXPECT_EQ(worst(findings_of(std::vector<GatewayFacts>())), Grade::note);
  GatewayFacts liar = gateway(Meaning::answers);
  liar.has_lied = true;
  EXPECT_EQ(worst(findings_of(std::vector{liar})), Grade::note);
}

TEST(DoctorFindings, TheClockIsThatOfMostGateways) {
  using std::chrono::seconds;
  const auto year = seconds(365 * 86'400);
  const auto grade = [](const std::vector<GatewayFacts>& all, std::optional<std::int64_t> earliest = {}) {
    return worst(findings_of_clock(all, 1'800'000'000, earliest));
  };
  EXPECT_EQ(grade({}), Grade::good);
  EXPECT_EQ(grade({gateway(Meaning::answers, seconds(3))}), Grade::good);
  EXPECT_EQ(grade({gateway(Meaning::answers, seconds(-600))}), Grade::note);
  EXPECT_EQ(grade({gateway(Meaning::other, year)}), Grade::problem);
  EXPECT_EQ(grade({gateway(Meaning::answers, year), gateway(Meaning::answers, seconds(0)),
                   gateway(Meaning::answers, seconds(1))}),
            Grade::good);
  EXPECT_EQ(grade({}, 1'800'000'000 + 3600), Grade::good);
  EXPECT_EQ(grade({}, 1'800'000'000 + 300 * 86'400), Grade::problem) << "the program was made later than now";
}

TEST(DoctorFindings, OfflineNoConnectionMayLeadAway) {
  const library::OpenSocket near{
      .pid = 1, .protocol = "tcp", .own = {"127.0.0.1", 8080, true}, .peer = {"127.0.0.1", 9, true}};
  const library::OpenSocket away{
      .pid = 1, .protocol = "tcp", .own = {"10.0.0.2", 9, false}, .peer = {"8.8.8.8", 443, false}};
  library::OpenSocket open{.pid = 1, .protocol = "tcp", .own = {"::", 8080, false}, .peer = {}, .listens = true};
  const auto grade = [](std::vector<library::OpenSocket> sockets, MayGoOut may) {
    return worst(findings_of(Result<std::vector<library::OpenSocket>>(std::move(sockets)), 2, may));
  };
  EXPECT_EQ(grade({near}, MayGoOut::no), Grade::good);
  EXPECT_EQ(grade({near, away}, MayGoOut::yes), Grade::note);
  EXPECT_EQ(grade({near, away}, MayGoOut::no), Grade::problem);
  EXPECT_EQ(grade({open}, MayGoOut::no), Grade::note);
  const auto found =
      findings_of(Result<std::vector<library::OpenSocket>>(std::vector{away, open, away}), 1, MayGoOut::no);
  EXPECT_NE(found[0].found.find("8.8.8.8:443"), std::string::npos);
  EXPECT_EQ(found[0].found.find("443"), found[0].found.rfind("443")) << "each once";
  EXPECT_NE(found[1].found.find("[::]:8080"), std::string::npos);
}

TEST(DoctorFindings, VariablesThatAreNearlyOnesAreNamed) {
  const TemporaryFolder folder;
  const auto found =
      findings_of_settings({}, folder.path() / "config.toml", {"PATH", "EAI_HOME", "EAI_PORT", "EAI_PROT"});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(worst(found), Grade::note);
  EXPECT_EQ(found[1].cure, "did you mean EAI_PORT?");
  EXPECT_EQ(worst(findings_of_settings(fail(Code::invalid, "line 2"), folder.path() / "config.toml", {})),
            Grade::problem);
}

TEST(DoctorFindings, AServerAnswersOrNot) {
  ServerFacts facts;
  EXPECT_EQ(worst(findings_of(Result<ServerFacts>(facts))), Grade::good);
  facts.record = library::ServerRecord{};
  EXPECT_EQ(worst(findings_of(Result<ServerFacts>(facts))), Grade::note) << "it is starting";
  facts.record->port = 8080;
  facts.record->host = "127.0.0.1";
  facts.status = boost::json::object{{"version", EAI_VERSION}};
  EXPECT_EQ(worst(findings_of(Result<ServerFacts>(facts))), Grade::good);
  facts.status = boost::json::object{{"version", "0.0.1"}};
  EXPECT_EQ(worst(findings_of(Result<ServerFacts>(facts))), Grade::note);
  facts.status = fail(Code::timeout, "no");
  EXPECT_EQ(worst(findings_of(Result<ServerFacts>(facts))), Grade::problem);
  EXPECT_EQ(worst(findings_of_port(8080, fail(Code::busy, "taken"))), Grade::problem);
  EXPECT_EQ(worst(findings_of_port(8080, {})), Grade::good);
}

TEST(DoctorFindings, ATerminalIsOfUse) {
  EXPECT_EQ(worst(findings_of(TerminalFacts{.utf8 = true, .columns = 80})), Grade::good);
  EXPECT_EQ(worst(findings_of(TerminalFacts{.utf8 = false, .columns = 80})), Grade::note);
  EXPECT_EQ(worst(findings_of(TerminalFacts{.utf8 = true, .dumb = true})), Grade::note);
}

}  // namespace
}  // namespace eai::cli
