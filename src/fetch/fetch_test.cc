// download() against block folders and gateways that lie in every way we know of.
#include "fetch/fetch.h"

#include <algorithm>
#include <atomic>
#include <memory>

#include <gtest/gtest.h>

#include "fetch/fetch_testing.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;
using fakes::LyingGateway;

TEST_F(FetchTest, FromABlockFolder) {
  make_model();
  options_.offline = true;
  expect_whole(download({{blocks_}, {"https://never.asked.example"}}));
  EXPECT_EQ(progress_.back().phase, Progress::Phase::done);
  EXPECT_EQ(progress_.back().verified, model_.archive_size);
  EXPECT_TRUE(fs::exists(blocks_ / model_.metadata.files[0].cid.str())) << "a source's blocks are not ours to delete";
}

// What proves a part is its hash, and not that it is as large as the others.
TEST_F(FetchTest, PartsOfAnySizes) {
  const std::vector<std::vector<std::uint64_t>> cuts = {{1'000'000, 3, 700'001}, {100}, {0, 500'000, 0, 0, 1}};
  for (const auto& sizes : cuts) {
    const Bytes gguf = make_gguf(2'000'000, static_cast<unsigned>(sizes.size()));
    model_ = preserve_parts(blocks_, "tiny", make_archive("tiny", "tiny", gguf), sizes);
    model_.gguf = gguf;
    LyingGateway gateway(lies("honest"));
    expect_whole(download({{}, {gateway.url()}}));
  }
}

// A model of the format unixfs, in pieces, from wherever.
TEST_F(FetchTest, FilesOfAModelInPieces) {
  const Bytes one = make_gguf(700'000, 1), two = make_gguf(900'000, 2);
  model_.metadata.folder_name = "tiny";
  model_.metadata.format = model::Format::unixfs;
  for (const auto& [name, bytes] : {std::pair("tiny-00001-of-00002.gguf", &one), {"tiny-00002-of-00002.gguf", &two}}) {
    const ipld::Cid cid = ipld::Cid::raw_of(*bytes);
    ASSERT_TRUE(write_file_atomic(blocks_ / cid.str(), *bytes));
    model_.metadata.files.push_back({cid, name, ipld::sha256(*bytes), bytes->size(), true});
  }
  model_.json = model::write_metadata(model_.metadata);
  model_.id = ipld::Cid::raw_of(view_of(model_.json));
  ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(model_.json)));

  download_until_stopped(200'000);
  LyingGateway liar(lies("corrupt")), honest(lies("honest"));
  for (const Sources& sources : {Sources{{}, {liar.url(), honest.url()}}, Sources{{blocks_}, {}}}) {
    auto model = download(sources);
    ASSERT_TRUE(model) << model.error().message;
    EXPECT_EQ(model->gguf()->filename(), "model-00001-of-00002.gguf");
    EXPECT_TRUE(*read_file(*model->gguf(), k_mib) == one);
    EXPECT_TRUE(*read_file(model->folder / "model-00002-of-00002.gguf", k_mib) == two);
    EXPECT_TRUE(store_.check(model_.id, {}, {}).value().empty());
    EXPECT_FALSE(fs::exists(partial()));
    EXPECT_EQ(progress_.back().verified, one.size() + two.size());
    ASSERT_TRUE(store_.remove(*store_.lock(model_.id, FileLock::Wait::no)));
  }
  fs::remove(blocks_ / model_.metadata.files[1].cid.str());
  EXPECT_EQ(download({{blocks_}, {}}).error().code, Code::network);
  EXPECT_FALSE(store_.find(model_.id));
}

// What is learned in one run is of use in the next.
TEST_F(FetchTest, WhoLiedIsNotAskedAgainWhileOthersDeliver) {
  make_model();
  LyingGateway liar(lies("corrupt")), honest(lies("honest"));
  const Sources both{{}, {liar.url(), honest.url()}};
  expect_whole(download(both));
  EXPECT_EQ(last(0).name, liar.url().substr(7));
  EXPECT_NE(last(0).trouble.find("sent wrong bytes"), std::string::npos);
  const auto before = bytes_sent(liar);
  ASSERT_TRUE(store_.remove(*store_.lock(model_.id, FileLock::Wait::no)));
  expect_whole(download(both));
  EXPECT_EQ(bytes_sent(liar), before);
  EXPECT_EQ(last(1).name, liar.url().substr(7)) << "it comes last";
  EXPECT_NE(last(1).trouble.find("less than a day ago"), std::string::npos) << last(1).trouble;

  ASSERT_TRUE(store_.remove(*store_.lock(model_.id, FileLock::Wait::no)));
  LyingGateway empty({"--blocks", folder_.path().string()});
  const auto model = download({{}, {empty.url(), liar.url()}});
  ASSERT_FALSE(model);
  EXPECT_GT(bytes_sent(liar), before) << "nobody else has it";
  EXPECT_NE(model.error().message.find("less than a day ago"), std::string::npos) << model.error().message;
}

// Parts whose CIDs do not say what their bytes are: the metadata do, and they may be wrong.
TEST_F(FetchTest, WhatOnlyMetadataSayRefutesNobodyUntilSomebodyHasIt) {
  make_model();
  model_.metadata.files.erase(model_.metadata.files.begin() + 1, model_.metadata.files.end());
  model_.metadata.files[0].cid = ipld::Cid::raw_of(view_of("something else"));
  const auto name_model = [&] {
    model_.id = ipld::Cid::raw_of(view_of(model_.json = model::write_metadata(model_.metadata)));
    ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(model_.json)));
  };
  const Bytes archive = make_archive("tiny", "tiny", model_.gguf = make_gguf(100'000));
  ASSERT_TRUE(write_file_atomic(blocks_ / model_.metadata.files[0].cid.str(), archive));
  model_.metadata.files[0].size = archive.size();

  model_.metadata.files[0].sha256 = ipld::sha256(model_.gguf);
  name_model();
  LyingGateway honest(lies("honest"));
  EXPECT_FALSE(download({{}, {honest.url()}}));
  EXPECT_FALSE(distrusts(honest));

  model_.metadata.files[0].sha256 = ipld::sha256(archive);
  name_model();
  LyingGateway liar(lies("corrupt"));
  EXPECT_FALSE(download({{}, {liar.url()}}));
  EXPECT_FALSE(distrusts(liar));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
  EXPECT_TRUE(distrusts(liar) && !distrusts(honest));
}

TEST_F(FetchTest, FromAFileUrl) {
  make_model();
  options_.offline = true;
  expect_whole(download({{}, {"file://" + blocks_.string()}}));
}

TEST_F(FetchTest, FromOneGateway) {
  make_model();
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_EQ(last(0).bytes, model_.archive_size);
}

TEST_F(FetchTest, FromATrustlessGateway) {
  make_model();
  LyingGateway gateway(lies("honest", {"--raw-only"}));
  expect_whole(download({{}, {gateway.url()}}));
}

TEST_F(FetchTest, WhatIsThereIsNotFetched) {
  make_model();
  expect_whole(download({{blocks_}, {}}));
  auto again = download({{}, {}});
  ASSERT_TRUE(again) << again.error().message;
}

TEST_F(FetchTest, FromSeveralGatewaysAtOnce) {
  make_model(30'000'000, 10 * k_mib);
  LyingGateway one(lies("honest", {"--rate", "20000000"}));
  LyingGateway two(lies("honest", {"--rate", "20000000"}));
  expect_whole(download({{}, {one.url(), two.url()}}));
  EXPECT_GT(last(0).bytes, model_.archive_size / 5);
  EXPECT_GT(last(1).bytes, model_.archive_size / 5);
}

TEST_F(FetchTest, WhatAFolderLacksComesFromAGateway) {
  make_model();
  fs::path usb = folder_.path() / "usb";
  fs::create_directories(usb);
  fs::copy(blocks_ / model_.id.str(), usb / model_.id.str());
  fs::copy(blocks_ / model_.metadata.files[1].cid.str(), usb / model_.metadata.files[1].cid.str());
  // The third is there, but rotten.
  std::string rotten = model_.metadata.files[2].cid.str();
  Bytes bytes = *read_file(blocks_ / rotten, k_mib);
  bytes[1000] ^= 1;
  ASSERT_TRUE(write_file_atomic(usb / rotten, bytes));
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{usb}, {gateway.url()}}));
  EXPECT_EQ(last(0).bytes, model_.metadata.files[1].size);
}

TEST_F(FetchTest, SurvivesCorruptBytes) { expect_survives("corrupt"); }
TEST_F(FetchTest, SurvivesShortBodies) { expect_survives("short"); }
TEST_F(FetchTest, SurvivesCuts) { expect_survives("cut"); }
TEST_F(FetchTest, SurvivesLongBodies) { expect_survives("long"); }
TEST_F(FetchTest, SurvivesStalls) { expect_survives("stall"); }
TEST_F(FetchTest, SurvivesSilence) { expect_survives("silent"); }
TEST_F(FetchTest, SurvivesPages) { expect_survives("html"); }
TEST_F(FetchTest, SurvivesTooManyRequests) { expect_survives("too_many"); }
TEST_F(FetchTest, SurvivesErrors) { expect_survives("broken"); }
TEST_F(FetchTest, SurvivesOverload) { expect_survives("overloaded"); }
TEST_F(FetchTest, SurvivesRedirectLoops) { expect_survives("redirect_loop"); }
TEST_F(FetchTest, SurvivesWrongRanges) { expect_survives("wrong_range"); }
TEST_F(FetchTest, SurvivesWrongTotals) { expect_survives("wrong_total"); }
TEST_F(FetchTest, SurvivesEncodings) { expect_survives("gzip"); }
TEST_F(FetchTest, SurvivesAppendedErrors) { expect_survives("appended"); }
TEST_F(FetchTest, SurvivesMissingContent) { expect_survives("gone"); }
TEST_F(FetchTest, SurvivesASlowSource) { expect_survives("slow"); }

TEST_F(FetchTest, SaysWhoSentWrongBytes) { expect_error("corrupt", "sent wrong bytes for tiny.zip.part-a"); }
TEST_F(FetchTest, SaysWhoSentPages) { expect_error("html", "a web page instead of the content"); }
TEST_F(FetchTest, SaysWhoHasNothing) { expect_error("gone", "HTTP 404"); }
TEST_F(FetchTest, SaysWhoIsBroken) { expect_error("broken", "HTTP 500"); }
TEST_F(FetchTest, SaysWhoStalls) { expect_error("silent", "no byte came for 0.5 s"); }
TEST_F(FetchTest, SaysWhoRedirects) { expect_error("redirect_loop", "redirect"); }
TEST_F(FetchTest, SaysWhoEncodes) { expect_error("gzip", "a Content-Encoding that was not asked for: gzip"); }
TEST_F(FetchTest, SaysWhoAnswersShort) { expect_error("short", "a length that does not fit its range"); }
TEST_F(FetchTest, SaysWhoMixesUpRanges) { expect_error("wrong_range", "Content-Range"); }

TEST_F(FetchTest, OneErrorListsWhatEachSourceDid) {
  make_model();
  const std::pair<const char*, const char*> kinds[] = {{"html", "a web page"},          {"gone", "HTTP 404"},
                                                       {"broken", "HTTP 500"},          {"gzip", "Content-Encoding"},
                                                       {"corrupt", "sent wrong bytes"}, {"silent", "no byte came"},
                                                       {"too_many", "HTTP 429"},        {"redirect_loop", "redirect"}};
  std::vector<std::unique_ptr<LyingGateway>> liars;
  Sources sources;
  for (const auto& [mode, said] : kinds) {
    liars.push_back(std::make_unique<LyingGateway>(lies(mode)));
    sources.gateways.push_back(liars.back()->url());
  }
  auto model = download(sources);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
  for (std::size_t i = 0; i < liars.size(); ++i) {
    std::string_view told = model.error().message;
    told.remove_prefix(std::min(told.size(), told.find(liars[i]->url().substr(7) + ": ")));
    told = told.substr(0, told.find("; "));
    EXPECT_NE(told.find(kinds[i].second), std::string_view::npos) << kinds[i].first << ": " << model.error().message;
  }
  EXPECT_FALSE(store_.find(model_.id));
}

// Alone, these are no obstacle, only slower.
TEST_F(FetchTest, AGatewayThatIgnoresRangesWillDo) {
  make_model(6'000'000, 5 * k_mib);
  LyingGateway gateway(lies("no_ranges"));
  expect_whole(download({{}, {gateway.url()}}));
}
TEST_F(FetchTest, AGatewayThatRedirectsWillDo) {
  make_model();
  LyingGateway gateway(lies("redirect"));
  expect_whole(download({{}, {gateway.url()}}));
}
TEST_F(FetchTest, AGatewayThatCutsEachAnswerWillDo) {
  make_model();
  LyingGateway gateway(lies("cut"));
  expect_whole(download({{}, {gateway.url()}}));
}
TEST_F(FetchTest, ATroubleThatPassesWillDo) {
  make_model();
  LyingGateway gateway(lies("overloaded", {"--times", "2"}));
  expect_whole(download({{}, {gateway.url()}}));
}
TEST_F(FetchTest, RetryAfterIsHonoured) {
  make_model(500'000);
  LyingGateway gateway(lies("too_many", {"--times", "1"}));
  auto begin = std::chrono::steady_clock::now();
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 1s);
}

TEST_F(FetchTest, TheLiarIsFoundAmongSeveral) {
  make_model(12'000'000, 12 * k_mib);
  LyingGateway honest(lies("honest", {"--rate", "10000000"}));
  LyingGateway liar(lies("corrupt", {"--rate", "10000000"}));
  LyingGateway also_honest(lies("honest", {"--rate", "10000000"}));
  expect_whole(download({{}, {honest.url(), liar.url(), also_honest.url()}}));
  EXPECT_EQ(last(0).trouble, "");
  EXPECT_NE(last(1).trouble.find("sent wrong bytes"), std::string::npos);
  EXPECT_EQ(last(2).trouble, "");
  EXPECT_EQ(last(1).bytes, 0u) << "what it sent is thrown away";
}

TEST_F(FetchTest, TheLiarIsFoundWhenItIsTheFirst) {
  make_model(12'000'000, 12 * k_mib);
  LyingGateway liar(lies("corrupt", {"--rate", "10000000"}));
  LyingGateway honest(lies("honest", {"--rate", "10000000"}));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
  EXPECT_NE(last(0).trouble.find("sent wrong bytes"), std::string::npos);
  EXPECT_EQ(last(1).trouble, "");
}

TEST_F(FetchTest, NotAModelIsRefusedAndLeavesNothing) {
  Bytes nonsense(200'000, 'x');
  model_ = preserve_bytes(blocks_, "tiny", make_archive("tiny", "tiny", nonsense), k_mib);
  auto model = download({{blocks_}, {}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::invalid);
  EXPECT_NE(model.error().message.find("not a GGUF"), std::string::npos) << model.error().message;
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(FetchTest, ABrokenHeaderIsRefusedAndLeavesNothing) {
  Bytes gguf = make_gguf(200'000);
  gguf.erase(gguf.begin() + 100'000, gguf.end());  // the tensor ends behind the file
  model_ = preserve_bytes(blocks_, "tiny", make_archive("tiny", "tiny", gguf), k_mib);
  auto model = download({{blocks_}, {}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::invalid) << model.error().message;
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(FetchTest, ABrokenArchiveLeavesNothing) {
  Bytes archive = make_archive("tiny", "tiny", make_gguf(200'000));
  archive.erase(archive.end() - 5000, archive.end());
  model_ = preserve_bytes(blocks_, "tiny", archive, k_mib);
  auto model = download({{blocks_}, {}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::corrupt) << model.error().message;
  EXPECT_FALSE(fs::exists(partial()));
}

TEST_F(FetchTest, AModelLargerThanTheDiskIsRefusedWithTheArithmetic) {
  make_model();
  model_.metadata.chunk_size = std::uint64_t{1} << 44;
  for (auto& part : model_.metadata.files) part.size = model_.metadata.chunk_size;
  model_.json = model::write_metadata(model_.metadata);
  model_.id = ipld::Cid::raw_of(view_of(model_.json));
  ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(model_.json)));
  LyingGateway gateway(lies("honest"));
  auto model = download({{}, {gateway.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::io);
  EXPECT_NE(model.error().message.find("are free"), std::string::npos) << model.error().message;
  EXPECT_EQ(progress_.back().received, 0u);
}

TEST_F(FetchTest, PartsWhoseSizeIsRoundedAreAskedForIt) {
  make_model();
  // size_mb as a writer that rounds gives it.
  std::string json = R"({"folder_name":"tiny","chunk_size_mb":1,"num_of_files":)" +
                     std::to_string(model_.metadata.files.size()) + R"(,"task":"chat","files":[)";
  std::string rounded = std::to_string(static_cast<double>(model_.metadata.files.back().size) / k_mib).substr(0, 4);
  for (std::size_t i = 0; i < model_.metadata.files.size(); ++i) {
    const auto& part = model_.metadata.files[i];
    json += std::string(i ? "," : "") + R"({"cid":")" + part.cid.str() + R"(","file_hash":")" + to_hex(part.sha256) +
            R"(","size_mb":)" + (part.size == k_mib ? "1.0" : rounded) + R"(,"file_name":")" + part.file_name + "\"}";
  }
  json += "]}";
  model_.id = ipld::Cid::raw_of(view_of(json));
  ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(json)));
  LyingGateway liar(lies("wrong_total"));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
}

// A network that is away is told from sources that are.
class NoNetwork : public FetchTest {
 protected:
  NoNetwork() {
    const auto linked = [this] { return linked_.load(); };
    const auto reach = [](const http::Unreached&) { return peers::Reach::away; };
    options_.network = std::make_shared<peers::NetworkWatch>(peers::NetworkSenses{linked, reach}, 1s);
    options_.retry_delay = 50ms;
  }
  std::atomic<bool> linked_ = true;
};

TEST_F(NoNetwork, IsSaidSoonAndKeepsWhatIsHere) {
  make_model();
  const std::vector<std::string> far = {"http://224.0.0.1:9", "http://224.0.0.2:9", "http://224.0.0.3:9"};
  options_.max_retries = 1000;
  auto model = download({{}, far});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
  EXPECT_TRUE(model.error().message.starts_with("no network: ")) << model.error().message;
  EXPECT_NE(model.error().message.find("224.0.0.3:9: "), std::string::npos) << model.error().message;
  EXPECT_EQ(model.error().hint, Hint::try_again);
  EXPECT_TRUE(std::any_of(progress_.begin(), progress_.end(), [](const auto& now) { return now.network_awaited; }));
  // Half of it is here, and then the network goes.
  download_until_stopped(1'500'000);
  model = download({{}, far});
  ASSERT_FALSE(model);
  EXPECT_TRUE(model.error().message.starts_with("no network: ")) << model.error().message;
  EXPECT_TRUE(fs::exists(partial()));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {honest.url()}}));
  EXPECT_LT(bytes_sent(honest), 2'500'000U) << "it goes on where it was";
}

TEST_F(NoNetwork, WhereNothingIsToBeRepeatedItEndsAtOnce) {
  make_model();
  options_.max_retries = 0;
  options_.network = std::make_shared<peers::NetworkWatch>(
      peers::NetworkSenses{[] { return true; }, [](const http::Unreached&) { return peers::Reach::away; }}, 1h);
  auto model = download({{}, {"http://224.0.0.1:9"}});
  ASSERT_FALSE(model);
  EXPECT_TRUE(model.error().message.starts_with("no network: ")) << model.error().message;
}

TEST_F(NoNetwork, WhoeverIsNearbyStillDelivers) {
  make_model();
  // Slower than the patience.
  LyingGateway near(lies("honest", {"--rate", "1500000"}));
  expect_whole(download({{}, {"http://224.0.0.1:9", near.url(), "http://224.0.0.2:9"}}));
}

TEST_F(NoNetwork, AWrongNameIsAnotherThing) {
  make_model();
  options_.network = std::make_shared<peers::NetworkWatch>(
      peers::NetworkSenses{[] { return true; }, [](const http::Unreached&) { return peers::Reach::unknown_name; }},
      1ms);
  auto model = download({{}, {"http://224.0.0.9:9"}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().message.find("no network"), std::string::npos) << model.error().message;
}

}  // namespace
}  // namespace eai::fetch
