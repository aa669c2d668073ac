// download() against block folders and gateways that lie in every way we know of.
#include "fetch/fetch.h"

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "content/unixfs.h"
#include "fakes/lying_gateway.h"
#include "fetch/fetch_testing.h"
#include "http/client.h"
#include "util/text.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;
using fakes::LyingGateway;

class FetchTest : public ::testing::Test {
 protected:
  FetchTest() {
    fs::create_directories(blocks_);
    options_.retry_delay = 5ms;
    options_.stall_timeout = 500ms;
    options_.max_retries = 2;
  }

  void make_model(std::size_t bytes = 3'000'000, std::uint64_t part_size = k_mib) {
    model_ = preserve_model(blocks_, bytes, part_size);
  }
  std::vector<std::string> lies(const std::string& mode, std::vector<std::string> more = {}) {
    std::vector<std::string> out = {"--blocks", blocks_.string(), "--mode", mode, "--spare", model_.id.str()};
    out.insert(out.end(), more.begin(), more.end());
    return out;
  }
  Result<store::Model> download(const Sources& sources, std::stop_token stop = {}) {
    return fetch::download(
        model_.id, store_, sources, options_, [this](const Progress& progress) { progress_.push_back(progress); },
        stop);
  }
  void expect_whole(const Result<store::Model>& model) {
    ASSERT_TRUE(model) << model.error().message;
    ASSERT_EQ(model->files.size(), 1u);
    auto bytes = read_file(*model->gguf(), 100 * k_mib);
    ASSERT_TRUE(bytes);
    EXPECT_TRUE(*bytes == model_.gguf);
    EXPECT_EQ(model->files[0].sha256, content::sha256(model_.gguf));
    EXPECT_FALSE(fs::exists(partial()));
  }
  fs::path partial() const { return folder_.path() / "home" / "partial" / model_.id.str(); }
  static std::uint64_t bytes_sent(const LyingGateway& gateway) {
    http::Request request;
    request.url = gateway.url() + "/_requests";
    auto answer = http::fetch(request, 10 * k_mib);
    EXPECT_TRUE(answer);
    std::uint64_t sum = 0;
    std::string_view rest = text_of(answer->body);
    constexpr std::string_view k_key = "\"sent\": ";
    for (std::size_t at = rest.find(k_key); at != std::string_view::npos; at = rest.find(k_key)) {
      rest.remove_prefix(at + k_key.size());
      sum += parse_u64(rest.substr(0, rest.find('}'))).value_or(0);
    }
    return sum;
  }
  const SourceProgress& last(std::size_t source) const { return progress_.back().sources.at(source); }

  // One honest gateway beside a liar: the model comes whole.
  void expect_survives(const std::string& mode) {
    make_model();
    LyingGateway liar(lies(mode));
    LyingGateway honest(lies("honest"));
    expect_whole(download({{}, {liar.url(), honest.url()}}));
  }
  // Only the liar: an error that says what it did, nothing in the store.
  void expect_error(const std::string& mode, const std::string& words) {
    make_model();
    LyingGateway liar(lies(mode));
    auto model = download({{}, {liar.url()}});
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Code::network) << model.error().message;
    EXPECT_NE(model.error().message.find(words), std::string::npos) << model.error().message;
    EXPECT_NE(model.error().message.find(liar.url().substr(7)), std::string::npos) << model.error().message;
    EXPECT_FALSE(store_.find(model_.id));
  }

  TemporaryFolder folder_;
  fs::path blocks_ = folder_.path() / "blocks";
  store::Store store_ = *store::Store::open(folder_.path() / "home");
  Options options_;
  Preserved model_;
  std::vector<Progress> progress_;
};

TEST_F(FetchTest, FromABlockFolder) {
  make_model();
  options_.offline = true;
  expect_whole(download({{blocks_}, {"https://never.asked.example"}}));
  EXPECT_EQ(progress_.back().phase, Progress::Phase::done);
  EXPECT_EQ(progress_.back().verified, model_.archive_size);
  EXPECT_TRUE(fs::exists(blocks_ / model_.metadata.files[0].cid.str())) << "a source's blocks are not ours to delete";
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

TEST_F(FetchTest, WrongMetadataIsNotBelieved) {
  make_model();
  LyingGateway liar({"--blocks", blocks_.string(), "--mode", "corrupt"});
  auto model = download({{}, {liar.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
  EXPECT_NE(model.error().message.find(liar.url().substr(7)), std::string::npos);
  EXPECT_NE(model.error().message.find("sent wrong bytes for the metadata"), std::string::npos);
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
}

TEST_F(FetchTest, UnknownEverywhere) {
  make_model();
  LyingGateway gateway(lies("honest"));
  model_.id = content::Cid::raw_of(view_of("never preserved"));
  auto model = download({{blocks_}, {gateway.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
  EXPECT_NE(model.error().message.find("HTTP 404"), std::string::npos) << model.error().message;
}

TEST_F(FetchTest, OfflineWithoutTheBlocks) {
  make_model();
  options_.offline = true;
  LyingGateway gateway(lies("honest"));
  auto model = download({{folder_.path() / "empty"}, {gateway.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::network);
}

TEST_F(FetchTest, MetadataThatMakesNoSenseLeavesNothing) {
  for (std::string json : {std::string("{"), std::string("[]"), std::string(R"({"folder_name":"x"})"),
                           std::string(R"({"folder_name":"../x","files":[],"chunk_size_mb":1,"num_of_files":0})"),
                           std::string(1'100'000, ' ')}) {
    fs::create_directories(blocks_);
    model_.id = content::Cid::raw_of(view_of(json));
    ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(json)));
    auto model = download({{blocks_}, {}});
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Code::invalid) << model.error().message;
    EXPECT_FALSE(fs::exists(partial()));
  }
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
  model_.json = content::write_metadata(model_.metadata);
  model_.id = content::Cid::raw_of(view_of(model_.json));
  ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(model_.json)));
  LyingGateway gateway(lies("honest"));
  auto model = download({{}, {gateway.url()}});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().code, Code::io);
  EXPECT_NE(model.error().message.find("are free"), std::string::npos) << model.error().message;
  EXPECT_EQ(progress_.back().received, 0u);
}

TEST_F(FetchTest, StoppedAndTakenUpAgain) {
  make_model(12'000'000, 4 * k_mib);
  std::stop_source stop;
  {
    LyingGateway slow(lies("honest", {"--rate", "500000"}));
    auto model = fetch::download(
        model_.id, store_, {{}, {slow.url()}}, options_,
        [&](const Progress& progress) {
          if (progress.received > 2'000'000) stop.request_stop();
        },
        stop.get_token());
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().code, Code::busy);
  }
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_LE(last(0).bytes, model_.archive_size - 1'500'000) << "what was there is not fetched again";
}

// Runs a download in a process of its own, and kills that as soon as it has received `bytes`.
void download_until_killed(const content::Cid& id, const fs::path& home, const Options& options, const std::string& url,
                           std::uint64_t bytes) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto store = store::Store::open(home);
    auto tell = [&](const Progress& progress) {
      if (progress.received >= bytes) (void)!::write(told[1], "x", 1);
    };
    (void)fetch::download(id, *store, {{}, {url}}, options, tell, {});
    ::_exit(0);
  }
  ::close(told[1]);
  char c = 0;
  EXPECT_EQ(::read(told[0], &c, 1), 1) << "it ended before it could be killed";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(told[0]);
}

TEST_F(FetchTest, KilledAgainAndAgainItGoesOn) {
  make_model(40'000'000, 8 * k_mib);
  options_.parallel_requests = 4;
  LyingGateway slow(lies("honest", {"--rate", "8000000"}));
  fs::path home = folder_.path() / "home";
  for (std::uint64_t bytes : {3u, 9u, 14u, 22u, 30u, 37u}) {
    download_until_killed(model_.id, home, options_, slow.url(), bytes * 1'000'000);
    EXPECT_FALSE(store_.find(model_.id));
  }
  expect_whole(download({{}, {slow.url()}}));
  // Six kills, each of which may cost what four requests had not noted (512 KiB each, and what was in the sockets).
  std::uint64_t sent = bytes_sent(slow);
  EXPECT_GE(sent, model_.archive_size);
  EXPECT_LE(sent, model_.archive_size + 6 * 4 * 2 * k_mib);
}

TEST_F(FetchTest, WhatIsUnpackedIsNotFetchedAgain) {
  make_model(40'000'000, 8 * k_mib);
  {
    LyingGateway slow(lies("honest", {"--rate", "4000000"}));
    download_until_killed(model_.id, folder_.path() / "home", options_, slow.url(), 36'000'000);
  }
  ASSERT_TRUE(fs::exists(partial() / "checkpoint"));
  EXPECT_FALSE(fs::exists(partial() / "parts" / "0")) << "an unpacked part still takes space";
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_LE(last(0).bytes, 16'000'000u);
}

TEST_F(FetchTest, AnUnpackedFileThatRottedIsFetchedAgain) {
  make_model(40'000'000, 8 * k_mib);
  LyingGateway gateway(lies("honest", {"--rate", "4000000"}));
  download_until_killed(model_.id, folder_.path() / "home", options_, gateway.url(), 36'000'000);
  ASSERT_TRUE(fs::exists(partial() / "checkpoint"));
  auto file = open_file(partial() / "model.gguf", O_RDWR);
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_at(file->get(), 5000, view_of("rotten")));
  LyingGateway fast(lies("honest"));
  expect_whole(download({{}, {fast.url()}}));
}

TEST_F(FetchTest, BytesThatRottedOnDiskAreFetchedAgain) {
  make_model(12'000'000, 12 * k_mib);
  std::stop_source stop;
  {
    LyingGateway slow(lies("honest", {"--rate", "500000"}));
    auto model = fetch::download(
        model_.id, store_, {{}, {slow.url()}}, options_,
        [&](const Progress& progress) {
          if (progress.received > 2'000'000) stop.request_stop();
        },
        stop.get_token());
    ASSERT_FALSE(model);
  }
  fs::path part = partial() / "parts" / "0";
  Bytes bytes = *read_file(part, 100 * k_mib);
  bytes[10] ^= 1;
  ASSERT_TRUE(write_file_atomic(part, bytes));
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_EQ(last(0).trouble, "") << "the gateway is not to blame";
}

TEST_F(FetchTest, ADagPbMetadataCidWillDo) {
  make_model(500'000);
  // The same document as a UnixFS leaf.
  content::Profile profile = content::k_unixfs_v1_2025;
  profile.leaves = content::Leaves::dag_pb;
  Bytes block;
  content::Cid id = content::make_leaf(profile, view_of(model_.json), &block).cid;
  ASSERT_TRUE(write_file_atomic(blocks_ / id.str(), block));
  model_.id = id;
  LyingGateway raw(lies("honest"));
  expect_whole(download({{}, {raw.url()}}));
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
  model_.id = content::Cid::raw_of(view_of(json));
  ASSERT_TRUE(write_file_atomic(blocks_ / model_.id.str(), view_of(json)));
  LyingGateway liar(lies("wrong_total"));
  LyingGateway honest(lies("honest"));
  expect_whole(download({{}, {liar.url(), honest.url()}}));
}

TEST_F(FetchTest, TwoAtOnceDoTheWorkOnce) {
  make_model(4'000'000);
  LyingGateway gateway(lies("honest", {"--rate", "2000000"}));
  std::uint64_t fetched[2] = {};
  std::vector<std::thread> threads;
  for (std::uint64_t& bytes : fetched) {
    threads.emplace_back([&] {
      auto model = fetch::download(model_.id, store_, {{}, {gateway.url()}}, options_,
                                   [&](const Progress& progress) { bytes = progress.sources.at(0).bytes; }, {});
      EXPECT_TRUE(model);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(fetched[0] + fetched[1], model_.archive_size);
}

}  // namespace
}  // namespace eai::fetch
