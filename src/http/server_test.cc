#include "http/server.h"

#include <deque>
#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

#include "fakes/certificate.h"
#include "fakes/raw_client.h"
#include "fakes/server_thread.h"
#include "http/unix_client.h"

namespace eai::http {
namespace {

namespace asio = boost::asio;
using test::RawClient;

// The server on its own thread. Paths: /echo, /small (the same for bodies of at most 5 bytes), /stream (three pieces),
// /cut (a begun answer without end), /sized?<announced>-<first>-<second> (an answer of known length in two pieces),
// /wait (until the client leaves), /throw.
class ServerTest : public ::testing::Test {
 protected:
  void start(Limits limits = {}, const TlsFiles* tls = nullptr) {
    Handlers handlers;
    handlers.admit = [](const Incoming& head) {
      Admission admission;
      if (head.path() == "/closed") admission.refusal = Reply{403, {}, "no"};
      if (head.path() == "/small") admission.body_limit = 5;
      return admission;
    };
    handlers.handle = [this](Incoming& in, Outgoing& out) { return handle(in, out); };
    handlers.refuse = [](const Incoming& head, int status, std::string_view why) {
      return Reply{status, {{"x-target", head.target}}, "refused: " + std::string(why)};
    };
    socket_ = (folder_.path() / "s.sock").string();
    other_socket_ = (folder_.path() / "t.sock").string();
    port_ = served_.start(limits, std::move(handlers), tls, [this](Server& server) {
      ASSERT_TRUE(server.listen_unix(socket_));
      ASSERT_TRUE(server.listen_unix(other_socket_));
    });
  }

  void TearDown() override { served_.stop(); }

  asio::awaitable<void> handle(Incoming& in, Outgoing& out) {
    if (in.path() == "/echo" || in.path() == "/small") {
      const Reply reply{200, {{"X-Length", std::to_string(in.body.size())}}, in.body};
      co_await out.send(reply);
    } else if (in.path() == "/stream") {
      const HeaderList headers{{"Content-Type", "text/plain"}};
      co_await out.begin(200, headers, "one");
      co_await out.write("two");
      co_await out.write("three");
      co_await out.end();
    } else if (in.path() == "/cut") {
      const HeaderList headers;
      co_await out.begin(200, headers, "half");
    } else if (in.path() == "/sized") {
      co_await answer_of_known_length(in, out);
    } else if (in.path() == "/wait") {
      struct Note {
        std::promise<void>& promise;
        ~Note() { promise.set_value(); }
      };
      const Note note{left_};
      waiting_.set_value();
      asio::steady_timer never(served_.context(), std::chrono::hours(1));
      co_await never.async_wait(asio::use_awaitable);
    } else if (in.path() == "/big") {
      const HeaderList headers;
      co_await out.begin(200, headers, "");
      const std::string piece(1 << 20, 'x');
      while (co_await out.write(piece)) {
      }
      left_.set_value();
    } else {
      throw std::runtime_error("planted");
    }
  }

  // Tells in `said_` what write() and end() returned.
  asio::awaitable<void> answer_of_known_length(const Incoming& in, Outgoing& out) {
    std::size_t announced = 0, first = 0, second = 0;
    std::sscanf(std::string(in.query()).c_str(), "%zu-%zu-%zu", &announced, &first, &second);
    const HeaderList headers{{"Content-Type", "application/octet-stream"}};
    const std::string a(first, 'a'), b(second, 'b');
    const auto begun = co_await out.begin_sized(206, headers, announced, a);
    const auto written = co_await out.write(b);
    const auto ended = co_await out.end();
    std::string said;
    for (const auto& result : {begun, written, ended})
      said += result ? "ok " : std::string(name_of(result.error().code)) + " ";
    said_.set_value(said);
  }

  TemporaryFolder folder_;
  test::ServerThread served_;
  std::uint16_t port_ = 0;
  std::string socket_, other_socket_;
  std::promise<void> waiting_, left_;
  std::promise<std::string> said_;
};

constexpr auto k_patience = std::chrono::seconds(10);

TEST_F(ServerTest, AnswersManyRequestsOnOneConnectionAlsoPipelined) {
  start();
  RawClient client(port_);
  ASSERT_TRUE(client.post("/echo", "hello"));
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nhello"));
  ASSERT_TRUE(client.post("/echo", "a") && client.post("/echo", "b"));
  EXPECT_TRUE(client.answer().ends_with("a"));
  EXPECT_TRUE(client.answer().ends_with("b"));
  // Without bodies, and all in one piece.
  std::string many;
  for (int i = 0; i < 3; ++i) many += "GET /echo HTTP/1.1\r\nHost: x\r\n\r\n";
  ASSERT_TRUE(client.send(many + "POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nc"));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.answer().starts_with("HTTP/1.1 200")) << i;
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nc"));
}

TEST_F(ServerTest, ARequestMayComeByteByByte) {
  start();
  RawClient client(port_);
  for (const char c :
       std::string("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
    ASSERT_TRUE(client.send(std::string_view(&c, 1)));
  EXPECT_TRUE(client.answer().ends_with("\r\n\r\nabc"));
}

TEST_F(ServerTest, StreamsInChunks) {
  start();
  RawClient client(port_);
  client.get("/stream");
  const std::string answer = client.until("0\r\n\r\n");
  EXPECT_NE(answer.find("3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n"), std::string::npos) << answer;
  client.get("/stream");
  EXPECT_NE(client.until("0\r\n\r\n").find("200 OK"), std::string::npos);
}

TEST_F(ServerTest, StreamsToHttp10ByClosing) {
  start();
  RawClient client(port_);
  client.send("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(client.until_end().ends_with("\r\n\r\nonetwothree"));
}

TEST_F(ServerTest, ABegunAnswerWithoutEndIsCutNotEnded) {
  start();
  RawClient client(port_);
  client.get("/cut");
  const std::string answer = client.until_end();
  EXPECT_NE(answer.find("half"), std::string::npos);
  EXPECT_EQ(answer.find("0\r\n\r\n"), std::string::npos);
}

TEST_F(ServerTest, AnAnswerOfKnownLengthKeepsItsConnection) {
  start();
  RawClient client(port_);
  client.get("/sized?8-3-5");
  const std::string answer = client.answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 206 Partial Content\r\n")) << answer;
  EXPECT_NE(answer.find("Content-Length: 8\r\n"), std::string::npos) << answer;
  EXPECT_TRUE(answer.ends_with("\r\n\r\naaabbbbb")) << answer;
  EXPECT_EQ(said_.get_future().get(), "ok ok ok ");
  client.post("/echo", "next");
  EXPECT_TRUE(client.answer().ends_with("next"));
}

TEST_F(ServerTest, AHeadOfAnAnswerOfKnownLengthHasNoBody) {
  start();
  RawClient client(port_);
  client.send("HEAD /sized?8-0-0 HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = client.until("\r\n\r\n");
  EXPECT_NE(head.find("Content-Length: 8\r\n"), std::string::npos) << head;
  EXPECT_EQ(said_.get_future().get(), "ok ok ok ");
  client.post("/echo", "next");
  EXPECT_TRUE(client.answer().ends_with("next"));
}

TEST_F(ServerTest, TooFewBytesOfAKnownLengthCloseTheConnection) {
  start();
  RawClient client(port_);
  client.get("/sized?8-3-4");
  EXPECT_TRUE(client.until_end().ends_with("\r\n\r\naaabbbb"));
  EXPECT_EQ(said_.get_future().get(), "ok ok io ");
}

TEST_F(ServerTest, TooManyBytesOfAKnownLengthAreNotSentAndCloseTheConnection) {
  start();
  RawClient client(port_);
  client.get("/sized?8-3-6");
  EXPECT_TRUE(client.until_end().ends_with("\r\n\r\naaa"));
  EXPECT_EQ(said_.get_future().get(), "ok io io ");
}

TEST_F(ServerTest, AFailingHandlerIsAnInternalError) {
  start();
  RawClient client(port_);
  client.get("/throw");
  EXPECT_TRUE(client.until_end().starts_with("HTTP/1.1 500"));
}

TEST_F(ServerTest, AClientThatLeavesCancelsItsHandler) {
  start();
  RawClient client(port_);
  client.get("/wait");
  ASSERT_EQ(waiting_.get_future().wait_for(k_patience), std::future_status::ready);
  client.leave();
  EXPECT_EQ(left_.get_future().wait_for(k_patience), std::future_status::ready);
}

TEST_F(ServerTest, AClientThatDoesNotReadIsGivenUp) {
  Limits limits;
  limits.write = std::chrono::milliseconds(200);
  start(limits);
  RawClient client(port_);
  client.get("/big");
  EXPECT_EQ(left_.get_future().wait_for(k_patience), std::future_status::ready);
}

TEST_F(ServerTest, RefusesBeforeTheBody) {
  start();
  RawClient client(port_);
  client.send("POST /closed HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = client.until_end();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403")) << answer;
}

TEST_F(ServerTest, OtherTransferCodingsAreRefused) {
  start();
  for (const char* coding : {"gzip", "gzip, chunked", "chunked\r\nTransfer-Encoding: chunked"}) {
    RawClient client(port_);
    client.send(std::string("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ") + coding +
                "\r\n\r\nGET /echo HTTP/1.1\r\nHost: x\r\n\r\n");
    const std::string all = client.until_end();
    EXPECT_TRUE(all.starts_with("HTTP/1.1 501") || all.starts_with("HTTP/1.1 400")) << coding << ": " << all;
    EXPECT_EQ(all.find("HTTP/1.1 200"), std::string::npos) << "bytes of the body were taken for a request";
  }
}

TEST_F(ServerTest, ALineOfAChunkThatNeverEndsIsRefused) {
  start();
  for (const char* begin : {"1;a=", "0\r\nx-trailer: ", "00000000"}) {
    RawClient client(port_);
    client.send(std::string("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n") + begin +
                std::string(70'000, '0'));
    EXPECT_TRUE(client.until("\r\n\r\n").starts_with("HTTP/1.1 4")) << begin;
  }
}

// What is not read would hide the end behind it.
TEST_F(ServerTest, AClientThatSendsTooMuchBeforeItsTurnIsCutOff) {
  start();
  RawClient client(port_);
  ASSERT_TRUE(client.post("/wait", ""));
  ASSERT_EQ(waiting_.get_future().wait_for(k_patience), std::future_status::ready);
  client.send(std::string(300'000, '\n'));
  EXPECT_EQ(left_.get_future().wait_for(k_patience), std::future_status::ready);
}

// The time for a head ends with the head, also where nothing but a refusal follows it.
TEST_F(ServerTest, AConnectionLivesOnAfterARefusal) {
  Limits limits;
  limits.head = std::chrono::milliseconds(200);
  start(limits);
  RawClient client(port_);
  ASSERT_TRUE(client.send("GET /closed HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_TRUE(client.answer().starts_with("HTTP/1.1 403"));
  // Clients that say nothing are cut off when the time for a head is over: by then it is over for the first one as well.
  for (int i = 0; i < 2; ++i) {
    RawClient silent(port_);
    silent.until_end();
    ASSERT_TRUE(silent.ended());
  }
  ASSERT_TRUE(client.post("/echo", "still here"));
  EXPECT_TRUE(client.answer().ends_with("still here"));
}

TEST_F(ServerTest, SaysContinueWhereAskedTo) {
  start();
  RawClient client(port_);
  client.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("ok");
  EXPECT_TRUE(client.answer().ends_with("ok"));
}

TEST_F(ServerTest, LimitsOfHeadAndBody) {
  Limits limits;
  limits.header = 1024;
  limits.body = 10;
  start(limits);
  RawClient flood(port_);
  flood.send("GET /echo HTTP/1.1\r\nHost: x\r\nX-A: " + std::string(4000, 'a') + "\r\n\r\n");
  const std::string flooded = flood.until_end();
  EXPECT_TRUE(flooded.starts_with("HTTP/1.1 431"));
  EXPECT_NE(flooded.find("\r\nx-target: /echo\r\n"), std::string::npos) << flooded;
  RawClient large(port_);
  large.post("/echo", "12345678901");
  EXPECT_TRUE(large.until_end().starts_with("HTTP/1.1 413"));
  RawClient chunks(port_);
  chunks.send("POST /echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n");
  EXPECT_TRUE(chunks.until_end().starts_with("HTTP/1.1 413"));
}

TEST_F(ServerTest, APathMayHaveALowerLimitOfItsOwn) {
  start();
  RawClient client(port_);
  ASSERT_TRUE(client.post("/small", "12345"));
  EXPECT_TRUE(client.answer().ends_with("12345"));
  ASSERT_TRUE(client.post("/echo", "123456"));
  EXPECT_TRUE(client.answer().ends_with("123456")) << "the limit is not the connection's";
  client.send("POST /small HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n");
  EXPECT_TRUE(client.until_end().starts_with("HTTP/1.1 413"));
  RawClient chunks(port_);
  chunks.send("POST /small HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n123456\r\n0\r\n\r\n");
  const std::string refused = chunks.until_end();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 413")) << refused;
  EXPECT_NE(refused.find("\r\nx-target: /small\r\n"), std::string::npos) << refused;
  EXPECT_NE(refused.find("larger than 5 bytes"), std::string::npos) << refused;
}

TEST_F(ServerTest, NonsenseIsRefused) {
  start();
  for (const char* bad : {"\x16\x03\x01\x02", "GET\r\n\r\n", "GET / HTTP/1.1\r\nbad header\r\n\r\n",
                          "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                          "POST / HTTP/1.1\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    RawClient client(port_);
    client.send(bad);
    client.send("\r\n\r\n");
    EXPECT_NE(client.until_end().find(" 4"), std::string::npos) << bad;
  }
}

TEST_F(ServerTest, AnotherVersionIsRefused) {
  start();
  RawClient client(port_);
  client.send("GET / HTTP/9.9\r\n\r\n");
  EXPECT_TRUE(client.until_end().starts_with("HTTP/1.1 505"));
}

TEST_F(ServerTest, SlowHeadsAndBodiesAreGivenUp) {
  Limits limits;
  limits.head = std::chrono::milliseconds(150);
  limits.body_grace = std::chrono::milliseconds(150);
  limits.idle = std::chrono::milliseconds(150);
  start(limits);
  RawClient silent(port_), head(port_), body(port_), idle(port_);
  head.send("GET / HT");
  body.send("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc");
  idle.post("/echo", "x");
  EXPECT_TRUE(idle.answer().ends_with("x"));
  EXPECT_EQ(silent.until_end(), "");
  EXPECT_EQ(head.until_end(), "");
  EXPECT_EQ(body.until_end(), "");
  EXPECT_EQ(idle.until_end(), "");
  EXPECT_TRUE(silent.ended() && head.ended() && body.ended() && idle.ended());
}

TEST_F(ServerTest, ASlowHandshakeIsGivenUp) {
  const test::Certificate certificate(folder_.path());
  const TlsFiles files{certificate.certificate, certificate.key};
  Limits limits;
  limits.head = std::chrono::milliseconds(150);
  start(limits, &files);
  RawClient silent(port_), halting(port_), plain(port_);
  halting.send(std::string_view("\x16\x03\x01\x02\x00\x01", 6));
  plain.get("/echo");
  for (RawClient* client : {&silent, &halting, &plain}) {
    EXPECT_EQ(client->until_end().find("HTTP/1.1 2"), std::string::npos);
    EXPECT_TRUE(client->ended());
  }
}

TEST_F(ServerTest, AtTheLimitTheLongestSilentMakesRoom) {
  Limits limits;
  limits.connections = 8;
  start(limits);
  std::deque<RawClient> silent;
  for (int i = 0; i < 40; ++i) silent.emplace_back(port_);
  RawClient client(port_);
  client.post("/echo", "still here");
  EXPECT_TRUE(client.answer().ends_with("still here"));
  EXPECT_EQ(silent.front().until_end(), "");
  EXPECT_TRUE(silent.front().ended());
}

TEST_F(ServerTest, StopLetsRunningAnswersEndAndClosesIdleOnes) {
  start();
  RawClient idle(port_), waiting(port_);
  idle.post("/echo", "x");
  idle.answer();
  waiting.get("/wait");
  waiting_.get_future().wait();
  std::promise<void> stopped;
  asio::post(served_.context(), [&] {
    asio::co_spawn(served_.context(), served_.server().stop(std::chrono::milliseconds(100)),
                   [&](std::exception_ptr) { stopped.set_value(); });
  });
  EXPECT_EQ(idle.until_end(), "");
  EXPECT_EQ(stopped.get_future().wait_for(k_patience), std::future_status::ready);
  EXPECT_EQ(left_.get_future().wait_for(k_patience), std::future_status::ready);
  RawClient late(port_);
  EXPECT_FALSE(late.connected());
  EXPECT_FALSE(fs::exists(socket_));
}

TEST_F(ServerTest, UnixClientTalksOverTheUnixSocketAndKeepsConnections) {
  start();
  UnixClient client(served_.context());
  std::promise<std::string> done;
  asio::co_spawn(
      served_.context(),
      [](UnixClient& engine, fs::path socket, Server& server) -> asio::awaitable<std::string> {
        std::string log;
        for (int i = 0; i < 3; ++i) {
          Ask ask;
          ask.method = "POST";
          ask.target = "/echo";
          ask.body = "hi";
          auto reply = co_await engine.fetch(socket, std::move(ask));
          log += reply ? reply->body : reply.error().message;
        }
        log += " " + std::to_string(server.connections());
        Ask stream;
        stream.target = "/stream";
        auto answer = co_await engine.ask(socket.native(), std::move(stream));
        std::string body;
        while (answer) {
          auto bytes = co_await answer->read();
          if (!bytes || bytes->empty()) break;
          body += *bytes;
        }
        log += " " + body;
        Ask cut;
        cut.target = "/cut";
        auto broken = co_await engine.fetch(socket, std::move(cut));
        log += broken ? " whole" : " " + std::string(name_of(broken.error().code));
        Ask nobody;
        auto missing = co_await engine.fetch(socket.parent_path() / "none.sock", std::move(nobody));
        log += missing ? " found" : " " + std::string(name_of(missing.error().code));
        co_return log;
      }(client, socket_, served_.server()),
      [&](std::exception_ptr failure, std::string log) { done.set_value(failure ? "threw" : std::move(log)); });
  auto future = done.get_future();
  ASSERT_EQ(future.wait_for(k_patience), std::future_status::ready);
  EXPECT_EQ(future.get(), "hihihi 1 onetwothree network not_found");
}

// One request to each of the two sockets, one after the other; how many connections the server has then.
TEST_F(ServerTest, UnixClientLetsGoOfWhatNobodyAsksAnyMore) {
  start();
  UnixClient client(served_.context(), std::chrono::milliseconds(0));
  std::promise<std::string> done;
  asio::co_spawn(
      served_.context(),
      [](UnixClient& engine, std::vector<fs::path> sockets, Server& server) -> asio::awaitable<std::string> {
        for (const fs::path& socket : sockets) {
          Ask ask;
          ask.method = "POST";
          ask.target = "/echo";
          const auto reply = co_await engine.fetch(socket, std::move(ask));
          if (!reply) co_return reply.error().message;
        }
        asio::steady_timer pause(co_await asio::this_coro::executor);
        for (int i = 0; i < 1000 && server.connections() > 1; ++i) {
          pause.expires_after(std::chrono::milliseconds(5));
          co_await pause.async_wait(asio::use_awaitable);
        }
        co_return std::to_string(server.connections());
      }(client, {socket_, other_socket_}, served_.server()),
      [&](std::exception_ptr failure, std::string log) { done.set_value(failure ? "threw" : std::move(log)); });
  auto future = done.get_future();
  ASSERT_EQ(future.wait_for(k_patience), std::future_status::ready);
  EXPECT_EQ(future.get(), "1");
}

}  // namespace
}  // namespace eai::http
