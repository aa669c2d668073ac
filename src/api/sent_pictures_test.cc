// Pictures by address, from servers that lie, dawdle, flood and send elsewhere; one of them speaks TLS.
#include "api/sent_pictures.h"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "api/picture_testing.h"
#include "fakes/api_world.h"
#include "fakes/certificate.h"
#include "http/address.h"
#include "util/base64.h"

namespace eai::api {
namespace {

const std::string k_png = [] {
  const Bytes made = png_of(quarters(8, 8));
  return std::string(text_of(made));
}();
const std::string k_uri = "data:image/png;base64," + to_base64(k_png);

// Serves pictures on 127.0.0.1, on 127.0.0.2, and over TLS.
class PictureServer {
 public:
  explicit PictureServer(const http::TlsFiles* tls = nullptr) {
    http::Handlers handlers;
    handlers.handle = [this](http::Incoming& in, http::Outgoing& out) { return answer(in, out); };
    handlers.refuse = [](const http::Incoming&, int status, std::string_view why) {
      return http::Reply{status, {}, std::string(why)};
    };
    server_.emplace(context_, http::Limits{}, std::move(handlers));
    port = *server_->listen_tcp("127.0.0.1", 0, tls);
    other_port = *server_->listen_tcp("127.0.0.2", 0, tls);
    thread_ = std::thread([this] { context_.run(); });
  }
  ~PictureServer() {
    asio::post(context_, [this] {
      server_.reset();
      context_.stop();
    });
    thread_.join();
  }
  std::string at(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port) + path; }

  std::uint16_t port = 0, other_port = 0;
  std::atomic<int> asked = 0, left = 0;

 private:
  asio::awaitable<void> answer(http::Incoming& in, http::Outgoing& out) {
    ++asked;
    const std::string path(in.path());
    http::Reply reply{200, {{"content-type", "image/png"}}, k_png};
    if (path == "/endless" || path == "/hang" || path == "/drip") {
      struct Left {
        std::atomic<int>& count;
        ~Left() { ++count; }
      };
      const Left note{left};
      const http::HeaderList headers = {{"content-type", "image/png"}};
      co_await out.begin(200, headers, k_png);
      const std::string piece(1 << 20, 'x');
      while (path == "/endless") {
        if (!co_await out.write(piece)) co_return;
      }
      while (path == "/drip") {
        asio::steady_timer pause(context_, std::chrono::milliseconds(20));
        co_await pause.async_wait(asio::use_awaitable);
        if (!co_await out.write("x")) co_return;
      }
      asio::steady_timer never(context_, std::chrono::hours(1));
      co_await never.async_wait(asio::use_awaitable);
    }
    if (path == "/html") reply.body = "<html>not a picture</html>";
    if (path == "/text") reply.headers = {{"content-type", "text/plain"}};
    if (path == "/big") reply.body = k_png + std::string(20 << 20, 'x');
    if (path == "/missing") reply.status = 404;
    if (path == "/empty") reply.body.clear();
    if (path == "/inside") reply = to("http://127.0.0.2:" + std::to_string(other_port) + "/png");
    if (path == "/file") reply = to("file:///etc/passwd");
    if (path.starts_with("/hops/")) {
      const int hops = std::stoi(path.substr(6));
      reply = to(hops == 1 ? "/png" : "/hops/" + std::to_string(hops - 1));
    }
    co_await out.send(reply);
  }
  static http::Reply to(std::string where) { return {302, {{"location", std::move(where)}}, ""}; }

  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<http::Server> server_;
  std::thread thread_;
};

// Lets in what the test's server stands on, as a public address would be.
PictureRules rules() {
  PictureRules out;
  out.peer_allowed = [](std::string_view address) { return address == "127.0.0.1"; };
  return out;
}

TEST(Picture, IsFetchedWhateverItsServerCallsIt) {
  PictureServer server;
  for (const char* path : {"/png", "/text", "/hops/1", "/hops/3"}) {
    const auto picture = fetch_picture(server.at(path), rules(), {});
    ASSERT_TRUE(picture) << path << ": " << picture.error().message;
    EXPECT_EQ(text_of(*picture), k_png) << path;
  }
}

TEST(Picture, WhatIsNoneOrTooMuchIsRefused) {
  PictureServer server;
  for (const char* path : {"/missing", "/big", "/endless", "/hops/4", "/file"}) {
    const auto picture = fetch_picture(server.at(path), rules(), {});
    ASSERT_FALSE(picture) << path;
    EXPECT_EQ(picture.error().code, Code::invalid) << path << ": " << picture.error().message;
    EXPECT_NE(picture.error().message.find("127.0.0.1"), std::string::npos) << "the message names the address";
  }
}

TEST(Picture, ASlowServerIsGivenUp) {
  PictureServer server;
  PictureRules hasty = rules();
  hasty.deadline = std::chrono::milliseconds(300);
  const auto picture = fetch_picture(server.at("/hang"), hasty, {});
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().code, Code::invalid) << picture.error().message;
}

TEST(Picture, ARedirectInsideIsNotFollowed) {
  PictureServer server;
  const auto picture = fetch_picture(server.at("/inside"), rules(), {});
  ASSERT_FALSE(picture);
  EXPECT_EQ(server.asked, 1) << "the second server was never asked";
}

TEST(Picture, NoAddressOfThisMachineIsAskedInWhateverForm) {
  PictureServer server;
  PictureRules careful;
  careful.peer_allowed = http::is_public_address;
  const std::string port = ":" + std::to_string(server.port) + "/png";
  for (const char* host : {"127.0.0.1", "localhost", "2130706433", "0x7f.1", "0x7f000001", "017700000001", "127.1", "0",
                           "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::]", "user@127.0.0.1",
                           "user:word@localhost", "127.0.0.1.", "%31%32%37.0.0.1", "①②⑦.0.0.1"}) {
    const auto picture = fetch_picture("http://" + std::string(host) + port, careful, {});
    EXPECT_FALSE(picture) << host;
  }
  for (const char* url :
       {"ftp://127.0.0.1/a", "gopher://127.0.0.1/a", "http:///png", "http://", "http://a b/", "http:/x"})
    EXPECT_FALSE(fetch_picture(url, careful, {})) << url;
  EXPECT_FALSE(fetch_picture(server.at("/" + std::string(9000, 'a')), rules(), {}));
  EXPECT_EQ(server.asked, 0);
}

TEST(Picture, TlsIsVerified) {
  TemporaryFolder folder;
  const test::Certificate certificate(folder.path());
  const http::TlsFiles files{certificate.certificate, certificate.key};
  PictureServer server(&files);
  const std::string url = "https://127.0.0.1:" + std::to_string(server.port) + "/png";
  EXPECT_FALSE(fetch_picture(url, rules(), {})) << "nobody vouches for this certificate";
  ::setenv("SSL_CERT_FILE", certificate.certificate.c_str(), 1);
  const auto picture = fetch_picture(url, rules(), {});
  const auto wrong_name = fetch_picture("https://localhost:" + std::to_string(server.port) + "/png", rules(), {});
  ::unsetenv("SSL_CERT_FILE");
  EXPECT_TRUE(picture) << picture.error().message;
  EXPECT_FALSE(wrong_name) << "the certificate is of 127.0.0.1 alone";
}

class SentPicturesTest : public ApiWorld {
 protected:
  void start_seeing(RemoteImages from, int deadline_ms = 10'000) {
    sees_ = true;
    ApiOptions options;
    options.remote_images = from;
    options.picture_deadline = std::chrono::milliseconds(deadline_ms);
    start(options);
  }
  static std::string chat(const std::string& parts) {
    return R"({"messages":[{"role":"user","content":[)" + parts + R"(]}],"model":"good-folder"})";
  }
  static std::string part(const std::string& url) {
    return R"({"type":"image_url","image_url":{"url":")" + url + "\"}}";
  }
  PictureServer pictures_;
};

TEST_F(SentPicturesTest, TheEngineGetsThePictureInPlaceOfItsAddress) {
  start_seeing(RemoteImages::anywhere);
  const std::string bare = R"({"type":"image_url","image_url":")";
  const std::string answer =
      ask("/v1/chat/completions", chat(part(pictures_.at("/png")) + "," + part("DATA:;BASE64," + to_base64(k_png)) +
                                       "," + bare + pictures_.at("/png") + "\"}"));
  EXPECT_EQ(status_of(answer), 200) << answer;
  EXPECT_EQ(body_of(answer), chat(part(k_uri) + "," + part(k_uri) + "," + part(k_uri)));
}

TEST_F(SentPicturesTest, ManyPicturesShareWhatARequestMayHave) {
  start_seeing(RemoteImages::none);
  const Bytes large = png_of(quarters(4000, 2000));
  const std::string uri = "data:image/png;base64," + to_base64(text_of(large));
  const auto sizes = [&](int count) {
    std::string parts;
    for (int i = 0; i < count; ++i) parts += (i > 0 ? "," : "") + part(uri);
    const std::string answer = ask("/v1/chat/completions", chat(parts));
    EXPECT_EQ(status_of(answer), 200) << answer;
    std::vector<std::uint64_t> out;
    const std::string body = body_of(answer), mark = ";base64,";
    for (std::size_t at = body.find(mark); at != std::string::npos; at = body.find(mark, at + 1)) {
      const std::size_t begin = at + mark.size();
      const auto bytes = from_base64(body.substr(begin, body.find('"', begin) - begin));
      out.push_back(picture_for_engine(Bytes(bytes->begin(), bytes->end()))->pixels);
    }
    return out;
  };
  EXPECT_EQ(sizes(1), (std::vector<std::uint64_t>{8'000'000}));
  EXPECT_EQ(sizes(4), (std::vector<std::uint64_t>(4, 2'000'000)));
  EXPECT_EQ(sizes(16), (std::vector<std::uint64_t>(16, 1334 * 667)));
}

TEST_F(SentPicturesTest, TheFieldOfABadPictureIsNamed) {
  start_seeing(RemoteImages::none);
  for (const char* url : {"data:image/png;base64,AA", "data:image/png;base64,iVBORw0KGgo=", "ftp://x/a.png", "!"}) {
    const std::string answer = ask("/v1/chat/completions", chat(part(k_uri) + "," + part(url)));
    ASSERT_EQ(status_of(answer), 400) << url << answer;
    EXPECT_EQ(error_of(answer).at("param").as_string(), "messages[0].content[1].image_url") << answer;
  }
}

TEST_F(SentPicturesTest, AFaultIsTheClientsAndNoEngineIsAsked) {
  start_seeing(RemoteImages::anywhere);
  for (const char* path : {"/html", "/missing", "/big"}) {
    const std::string answer =
        ask("/v1/chat/completions", chat(part(pictures_.at("/png")) + "," + part(pictures_.at(path))));
    EXPECT_EQ(status_of(answer), 400) << path;
    EXPECT_EQ(error_of(answer).at("type").as_string(), "invalid_request_error");
    EXPECT_NE(std::string(error_of(answer).at("message").as_string()).find(path), std::string::npos) << answer;
  }
  std::string many;
  for (int i = 0; i < 17; ++i) many += part(pictures_.at("/png")) + (i < 16 ? "," : "");
  EXPECT_EQ(status_of(ask("/v1/chat/completions", chat(many))), 400);
}

TEST_F(SentPicturesTest, PrivateAddressesAreRefusedUnlessAllowed) {
  start_seeing(RemoteImages::public_addresses);
  EXPECT_EQ(status_of(ask("/v1/chat/completions", chat(part(pictures_.at("/png"))))), 400);
  ApiOptions none;
  none.remote_images = RemoteImages::none;
  reload(none, {"hash-c"});
  EXPECT_EQ(pictures_.asked, 0);
}

TEST_F(SentPicturesTest, AModelThatCannotSeeFetchesNothing) {
  ApiOptions options;
  options.remote_images = RemoteImages::anywhere;
  start(options);
  const std::string answer = ask("/v1/chat/completions", chat(part(pictures_.at("/png"))));
  EXPECT_EQ(status_of(answer), 400);
  EXPECT_NE(answer.find("projector"), std::string::npos);
  EXPECT_EQ(pictures_.asked, 0);
}

TEST_F(SentPicturesTest, PicturesThatDoNotComeHoldUpTheirOwnRequestOnly) {
  start_seeing(RemoteImages::anywhere, 400);
  std::string many;
  for (int i = 0; i < 8; ++i) many += part(pictures_.at("/hang")) + (i < 7 ? "," : "");
  RawClient waiting(port_);
  waiting.post("/v1/chat/completions", chat(many));
  ASSERT_TRUE(soon([&] { return pictures_.asked >= 4; }));
  EXPECT_EQ(status_of(ask("/v1/chat/completions", k_chat)), 200) << "the others do not wait";
  EXPECT_EQ(status_of(ask("/v1/chat/completions", chat(part(k_uri)))), 200) << "nor does a picture that is here";
  EXPECT_EQ(status_of(waiting.answer()), 400);
}

TEST_F(SentPicturesTest, AnAddressThatDripsIsTheClientsFault) {
  start_seeing(RemoteImages::anywhere, 300);
  for (const char* path : {"/drip", "/hang"}) {
    const std::string answer = ask("/v1/chat/completions", chat(part(k_uri) + "," + part(pictures_.at(path))));
    EXPECT_EQ(status_of(answer), 400) << answer;
    EXPECT_EQ(error_of(answer).at("param").as_string(), "messages[0].content[1].image_url") << answer;
    EXPECT_NE(std::string(error_of(answer).at("message").as_string()).find(path), std::string::npos) << answer;
  }
}

TEST_F(SentPicturesTest, AClientThatLeavesEndsItsFetch) {
  start_seeing(RemoteImages::anywhere);
  RawClient client(port_);
  client.post("/v1/chat/completions", chat(part(pictures_.at("/hang"))));
  ASSERT_TRUE(soon([&] { return pictures_.asked == 1; }));
  client.leave();
  EXPECT_TRUE(soon([&] { return pictures_.left == 1; }));
}

}  // namespace
}  // namespace eai::api
