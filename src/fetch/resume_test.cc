// download() that was stopped, killed, or finds that the disk changed what it had.
#include <thread>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fetch/fetch_testing.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;
using fakes::LyingGateway;

TEST_F(FetchTest, StoppedAndTakenUpAgain) {
  make_model(12'000'000, 4 * k_mib);
  download_until_stopped(2'000'000);
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_LE(last(0).bytes, model_.archive_size - 1'500'000) << "what was there is not fetched again";
}

// Runs a download in a process of its own, and kills that as soon as it has received `bytes`.
void download_until_killed(const ipld::Cid& id, const fs::path& home, const Options& options, const std::string& url,
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
  download_until_stopped(2'000'000);
  fs::path part = partial() / "parts" / "0";
  Bytes bytes = *read_file(part, 100 * k_mib);
  bytes[10] ^= 1;
  ASSERT_TRUE(write_file_atomic(part, bytes));
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  EXPECT_EQ(last(0).trouble, "") << "the gateway is not to blame";
}

TEST_F(FetchTest, AModelThatRottedIsFetchedAgain) {
  make_model(12'000'000, 4 * k_mib);
  LyingGateway gateway(lies("honest"));
  expect_whole(download({{}, {gateway.url()}}));
  fs::path path = *store_.find(model_.id)->gguf();
  auto file = open_file(path, O_RDWR);
  ASSERT_TRUE(file);
  ASSERT_TRUE(write_at(file->get(), 5'000'000, view_of("rotten")));
  ASSERT_TRUE(download({{}, {}})) << "nobody looked yet";
  ASSERT_EQ(store_.check(model_.id, {}, {}).value().size(), 1u);

  // Without a source: an error that tells both, and what is there stays.
  auto refused = download({{}, {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::network);
  EXPECT_NE(refused.error().message.find("model.gguf changed on this disk"), std::string::npos);
  EXPECT_TRUE(fs::exists(path));

  // Interrupted, it goes on where it was, as any download.
  {
    LyingGateway slow(lies("honest", {"--rate", "2000000"}));
    download_until_killed(model_.id, store_.home(), options_, slow.url(), 6'000'000);
  }
  ASSERT_TRUE(store::Store::open(store_.home()));
  EXPECT_TRUE(fs::exists(path)) << "the old one stays until the new one is whole";
  LyingGateway again(lies("honest"));
  expect_whole(download({{}, {again.url()}}));
  EXPECT_LE(bytes_sent(again), model_.archive_size - 3'000'000) << "what the killed run had is not fetched again";
  EXPECT_TRUE(store_.check(model_.id, {}, {}).value().empty());
}

// What was unpacked before a restart is hashed again then, so that its leaves are known too.
TEST_F(FetchTest, AnArchiveGetsTheLeafHashesOfItsFilesOnTheWay) {
  make_model(12'000'000, 4 * k_mib);
  for (const bool at_once : {true, false}) {
    if (!at_once) download_until_stopped(7'000'000);
    LyingGateway gateway(lies("honest"));
    expect_whole(download({{}, {gateway.url()}}));
    const auto model = store_.find(model_.id);
    ASSERT_TRUE(model->leaves);
    EXPECT_TRUE(store_.check(model_.id, {}, {}).value().empty());
    auto file = open_file(*model->gguf(), O_RDWR);
    ASSERT_TRUE(write_at(file->get(), 5'000'000, view_of("rotten")));
    const auto changed = store_.check(model_.id, {}, {});
    ASSERT_EQ(changed.value().size(), 1u);
    EXPECT_EQ(changed->front().damage, (std::vector<ByteRange>{{4 * k_mib, 5 * k_mib}}));
    EXPECT_EQ(changed->front().leaves, (model_.gguf.size() + k_mib - 1) / k_mib);
    ASSERT_TRUE(store_.remove(*store_.lock(model_.id, FileLock::Wait::no)));
  }
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
