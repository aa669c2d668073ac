// Answers that come from a file: framing, lengths, files that shrink, clients that hardly read.
#include <condition_variable>
#include <deque>
#include <mutex>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <fcntl.h>
#include <gtest/gtest.h>

#include "fakes/certificate.h"
#include "fakes/raw_client.h"
#include "fakes/server_thread.h"
#include "http/server.h"

namespace eai::http {
namespace {

namespace asio = boost::asio;
using test::RawClient;

// What a path says: /sized (a known length), /chunked, /short (the file ends early), /more (more than was announced),
// and /large (more than a socket holds).
class SendFileTest : public ::testing::Test {
 protected:
  void start(Limits limits = {}, const TlsFiles* tls = nullptr) {
    for (int i = 0; i < 3 * 1000 * 1000; ++i) content_ += static_cast<char>('a' + i % 23);
    ASSERT_TRUE(write_file_atomic(folder_.path() / "f", view_of(content_)));
    auto file = open_file(folder_.path() / "f", O_RDONLY);
    ASSERT_TRUE(file);
    file_ = std::move(*file);
    auto large = open_file(folder_.path() / "large", O_RDWR | O_CREAT);
    ASSERT_TRUE(large && ::ftruncate(large->get(), k_large) == 0);
    large_ = std::move(*large);
    Handlers handlers;
    handlers.handle = [this](Incoming& in, Outgoing& out) { return handle(in, out); };
    handlers.refuse = [](const Incoming&, int status, std::string_view why) {
      return Reply{status, {}, std::string(why)};
    };
    port_ = served_.start(limits, std::move(handlers), tls);
  }

  void TearDown() override { served_.stop(); }

  asio::awaitable<void> handle(Incoming& in, Outgoing& out) {
    const HeaderList headers;
    const std::uint64_t size = content_.size();
    const ByteRange from_ten{10, size}, from_seven{7, size}, all{0, size}, none{0, 0}, too_much{0, size + 1},
        large{0, k_large};
    Result<void> result;
    if (in.path() == "/chunked") {
      result = co_await out.begin(200, headers, "first ");
      result = co_await out.write_file("second ", file_.get(), from_ten);
      result = co_await out.write_file("", file_.get(), none);
    } else if (in.path() == "/sized") {
      result = co_await out.begin_sized(206, headers, 4 + size - 7, "");
      result = co_await out.write_file("head", file_.get(), from_seven);
    } else if (in.path() == "/short") {
      result = co_await out.begin_sized(200, headers, size + 1, "");
      result = co_await out.write_file("", file_.get(), too_much);
    } else if (in.path() == "/more") {
      result = co_await out.begin_sized(200, headers, size, "");
      result = co_await out.write_file("x", file_.get(), all);
    } else {
      result = co_await out.begin_sized(200, headers, k_large, "");
      result = co_await out.write_file("", large_.get(), large);
    }
    if (result) result = co_await out.end();
    const std::lock_guard hold(mutex_);
    said_.emplace_back(result ? "ok" : name_of(result.error().code));
    changed_.notify_one();
  }

  // How the next answer ended.
  std::string said() {
    std::unique_lock hold(mutex_);
    changed_.wait(hold, [this] { return !said_.empty(); });
    std::string out = said_.front();
    said_.pop_front();
    return out;
  }
  bool has_said() {
    const std::lock_guard hold(mutex_);
    return !said_.empty();
  }

  static constexpr std::uint64_t k_large = 256 * k_mib;
  test::ServerThread served_;
  TemporaryFolder folder_;
  std::string content_;
  UniqueFd file_, large_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> said_;
};

TEST_F(SendFileTest, FollowsAHeadOfKnownLengthAndKeepsTheConnection) {
  start();
  RawClient client(port_);
  for (int i = 0; i < 2; ++i) {
    client.get("/sized");
    const std::string answer = client.answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 206"));
    EXPECT_TRUE(answer.substr(answer.find("\r\n\r\n") + 4) == "head" + content_.substr(7));
    EXPECT_EQ(said(), "ok");
  }
}

TEST_F(SendFileTest, IsOneChunkOfAStream) {
  start();
  RawClient client(port_);
  client.get("/chunked");
  const std::string answer = client.until("0\r\n\r\n");
  const std::string chunk = "second " + content_.substr(10);
  char size[16];
  std::snprintf(size, sizeof size, "%zx", chunk.size());
  EXPECT_TRUE(answer.ends_with("6\r\nfirst \r\n" + std::string(size) + "\r\n" + chunk + "\r\n0\r\n\r\n"));
  EXPECT_EQ(said(), "ok");
}

TEST_F(SendFileTest, AHeadRequestGetsNoBody) {
  start();
  RawClient client(port_);
  client.send("HEAD /sized HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: " + std::to_string(content_.size() - 3)), std::string::npos) << head;
  EXPECT_EQ(said(), "ok");
  client.send("HEAD /chunked HTTP/1.0\r\nHost: x\r\n\r\n");
  EXPECT_TRUE(client.until_end().ends_with("\r\n\r\n"));
}

TEST_F(SendFileTest, AFileThatEndsEarlyCutsTheAnswer) {
  start();
  RawClient client(port_);
  client.get("/short");
  const std::string answer = client.until_end();
  EXPECT_TRUE(answer.ends_with(content_));
  EXPECT_TRUE(client.ended());
  EXPECT_EQ(said(), "io");
}

TEST_F(SendFileTest, MoreThanWasAnnouncedIsNotSent) {
  start();
  RawClient client(port_);
  client.get("/more");
  EXPECT_TRUE(client.until_end().ends_with("\r\n\r\n"));
  EXPECT_EQ(said(), "io");
}

TEST_F(SendFileTest, GoesThroughMemoryWhereItIsEncrypted) {
  const test::Certificate certificate(folder_.path());
  const TlsFiles files{certificate.certificate, certificate.key};
  start({}, &files);
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  asio::ssl::stream<asio::ip::tcp::socket> client(context, tls);
  const asio::ip::tcp::endpoint there(asio::ip::make_address("127.0.0.1"), port_);
  client.next_layer().connect(there);
  client.handshake(asio::ssl::stream_base::client);
  asio::write(client, asio::buffer(std::string("GET /sized HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")));
  std::string answer;
  boost::system::error_code end;
  asio::read(client, asio::dynamic_buffer(answer), end);
  EXPECT_TRUE(answer.substr(answer.find("\r\n\r\n") + 4) == "head" + content_.substr(7));
  EXPECT_EQ(said(), "ok");
}

TEST_F(SendFileTest, AClientThatHardlyReadsIsGivenUp) {
  Limits limits;
  limits.write = std::chrono::milliseconds(200);
  limits.write_rate = 1024 * k_mib;
  start(limits);
  RawClient client(port_);
  client.get("/large");
  client.until("\r\n\r\n");  // and then now and then a little, which would keep up the hope of a patient server
  const std::string handful(8 * k_kib, '\0');
  while (!has_said()) client.until(handful);
  EXPECT_EQ(said(), "network");
}

TEST_F(SendFileTest, AClientThatLeavesEndsTheWriting) {
  start();
  {
    RawClient client(port_);
    client.get("/large");
    client.until("\r\n\r\n");
  }
  EXPECT_EQ(said(), "network");
}

}  // namespace
}  // namespace eai::http
