// The gateway over the real pool, whose engines are fakes that misbehave on demand, and a client that shows every byte.
#include "gateway/gateway.h"

#include <future>
#include <thread>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "engine/gguf_testing.h"
#include "fakes/raw_client.h"

namespace eai::gateway {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;
using content::Task;
using test::RawClient;
constexpr auto k_patience = std::chrono::seconds(10);

class GatewayTest : public ::testing::Test {
 protected:
  // Models: "hash-c" (chat, behaves as `chat` says), "hash-e" (embed).
  void start(GatewayOptions options = {}, const std::string& chat = "good") {
    const std::vector<engine::ModelSpec> specs = {spec("hash-c", chat, Task::chat),
                                                  spec("hash-e", "good", Task::embed)};
    engine::PoolOptions pool;
    pool.run_folder = folder_.path() / "run";
    pool.log_folder = folder_.path() / "logs";
    pool.measured_file = folder_.path() / "measured.json";
    pool.llama_server = fs::path(EAI_SOURCE_DIR) / "tests/fakes/fake_engine.py";
    pool.stop_grace = std::chrono::seconds(0);
    pool_.emplace(context_, pool, specs);
    std::vector<ServedModel> served;
    for (const auto& model : specs) {
      ServedModel one;
      one.id = model.id;
      one.folder_name = model.folder_name;
      one.task = model.task;
      served.push_back(std::move(one));
    }
    gateway_.emplace(context_, *pool_, std::move(served), std::move(options));
    server_.emplace(context_, http::Limits{}, gateway_->handlers());
    const auto bound = server_->listen_tcp("127.0.0.1", 0);
    ASSERT_TRUE(bound) << bound.error().message;
    port_ = *bound;
    thread_ = std::thread([this] { context_.run(); });
  }
  void TearDown() override {
    if (!thread_.joinable()) return;
    std::promise<void> stopped;
    asio::post(context_, [&] {
      server_.reset();
      asio::co_spawn(context_, pool_->stop(), [&](std::exception_ptr) { stopped.set_value(); });
    });
    EXPECT_EQ(stopped.get_future().wait_for(k_patience), std::future_status::ready);
    asio::post(context_, [this] { context_.stop(); });
    thread_.join();
  }

  engine::ModelSpec spec(std::string id, const std::string& behaviour, Task task) {
    engine::ModelSpec out;
    out.id = std::move(id);
    out.folder_name = behaviour + "-folder";
    out.task = task;
    out.gguf = folder_.path() / (behaviour + ".gguf");
    engine::write_shape({.blocks = 1, .width = 32, .feed = 32, .heads = 1, .kv_heads = 1, .head = 32, .vocabulary = 16},
                        out.gguf);
    return out;
  }
  int leases() {
    std::promise<int> seen;
    asio::post(context_, [&] {
      int all = 0;
      for (const auto& model : pool_->status()) all += model.leases + model.queued;
      seen.set_value(all);
    });
    return seen.get_future().get();
  }
  void reload(GatewayOptions options, const std::vector<std::string>& served) {
    std::promise<void> done;
    asio::post(context_, [&] {
      std::vector<ServedModel> models(served.size());
      for (std::size_t i = 0; i < served.size(); ++i) models[i].id = models[i].folder_name = served[i];
      gateway_->reload(std::move(options), std::move(models));
      done.set_value();
    });
    done.get_future().get();
  }
  bool soon(const std::function<bool()>& is_so) {
    const auto end = std::chrono::steady_clock::now() + k_patience;
    while (!is_so())
      if (std::chrono::steady_clock::now() > end) return false;
    return true;
  }

  std::string ask(std::string_view path, std::string_view body, std::string_view headers = "") {
    RawClient client(port_);
    client.post(path, body, headers);
    return client.answer();
  }
  std::string stream(std::string_view path, std::string_view say) {
    RawClient client(port_);
    client.post(path, R"({"stream":true,"messages":[{}],"say":")" + std::string(say) + "\"}");
    return client.until("0\r\n\r\n");
  }
  static int status_of(const std::string& answer) { return answer.size() > 12 ? std::stoi(answer.substr(9, 3)) : 0; }
  static std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }
  static json::object error_of(const std::string& answer) {
    return json::parse(body_of(answer)).as_object().at("error").as_object();
  }

  TemporaryFolder folder_;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
  std::optional<engine::Pool> pool_;
  std::optional<Gateway> gateway_;
  std::optional<http::Server> server_;
  std::uint16_t port_ = 0;
  std::thread thread_;
};

constexpr std::string_view k_chat = R"({"model":"hash-c","messages":[{"role":"user","content":"hi"}]})";

TEST_F(GatewayTest, RelaysTheBodyAsItIsAndTheAnswerWithItsModel) {
  start();
  const std::string answer = ask("/v1/chat/completions", k_chat, "X-Conversation-Id: 7\r\n");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), k_chat) << "the fake echoes";
  EXPECT_NE(answer.find("x-eai-model: hash-c\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("x-eai-fallback"), std::string::npos);
  EXPECT_NE(answer.find("x-request-id: "), std::string::npos);
  EXPECT_EQ(answer.find("BaseHTTP"), std::string::npos) << "headers of the engine stay inside";
  EXPECT_EQ(leases(), 0);
  EXPECT_EQ(status_of(ask("/chat/completions", k_chat)), 200);
  EXPECT_NE(ask("/v1/embeddings", R"({"input":"x"})").find("x-eai-model: hash-e"), std::string::npos);
}

TEST_F(GatewayTest, ANameCannotSmuggleAHeader) {
  start();
  const std::string answer = ask("/v1/chat/completions", R"({"model":"gpt-4o\r\nx: y","messages":[{}]})");
  EXPECT_NE(answer.find("x-eai-model: hash-c\r\n"), std::string::npos);
  EXPECT_NE(answer.find("x-eai-fallback: "), std::string::npos);
  EXPECT_EQ(answer.find("\r\nx: y"), std::string::npos);
}

TEST_F(GatewayTest, RelaysWholeEvents) {
  start();
  const std::string answer = stream("/v1/chat/completions", "stream");
  EXPECT_NE(answer.find("text/event-stream"), std::string::npos);
  EXPECT_EQ(answer.find("ccess-"), std::string::npos) << "CORS of the engine stays inside";
  EXPECT_NE(answer.find("data: {\"n\":1}\n\n"), std::string::npos);
  EXPECT_NE(answer.find("data: {\"n\":2}\n\ndata: [DONE]\n\n\r\n"), std::string::npos) << answer;
}

TEST_F(GatewayTest, AnEngineThatDiesMidStreamEndsItWithAnErrorEvent) {
  start();
  std::string answer = stream("/v1/chat/completions", "crash");
  EXPECT_NE(answer.find("data: {\"n\":1}\n\n"), std::string::npos);
  EXPECT_EQ(answer.find("{\"hal"), std::string::npos) << answer;
  EXPECT_NE(answer.find("data: {\"error\":{"), std::string::npos) << answer;
}

TEST_F(GatewayTest, TheOtherApisGetTheirOwnErrorEvent) {
  start();
  EXPECT_NE(stream("/v1/messages", "crash").find("event: error\ndata: {\"type\":\"error\",\"error\""),
            std::string::npos);
}

TEST_F(GatewayTest, AnEngineThatDiesInAWholeAnswerIsABadGateway) {
  start();
  const std::string answer = ask("/v1/chat/completions", R"({"messages":[{}],"say":"half"})");
  EXPECT_EQ(status_of(answer), 502);
  EXPECT_EQ(error_of(answer).at("type").as_string(), "server_error");
  EXPECT_TRUE(soon([&] { return leases() == 0; }));
}

TEST_F(GatewayTest, TheEnginesOwnRefusalIsPassedOn) {
  start();
  const std::string answer = ask("/v1/chat/completions", R"({"messages":[{}],"say":"refuse"})");
  EXPECT_EQ(status_of(answer), 400);
  EXPECT_EQ(error_of(answer).at("type").as_string(), "exceed_context_size_error");
}

TEST_F(GatewayTest, ASilentEngineIsGivenUp) {
  GatewayOptions options;
  options.stall_limit = std::chrono::milliseconds(150);
  options.answer_limit = std::chrono::milliseconds(150);
  start(options);
  ASSERT_EQ(status_of(ask("/v1/embeddings", R"({"input":"x"})")), 200);
  EXPECT_NE(stream("/v1/chat/completions", "hang").find("timeout_error"), std::string::npos);
  EXPECT_EQ(status_of(ask("/v1/chat/completions", R"({"messages":[{}],"say":"mute"})")), 504);
}

TEST_F(GatewayTest, AClientThatLeavesFreesTheEngine) {
  start();
  RawClient client(port_);
  client.post("/v1/chat/completions", R"({"stream":true,"messages":[{}],"say":"hang"})");
  ASSERT_NE(client.until("{\"n\":1}").find("{\"n\":1}"), std::string::npos);
  EXPECT_EQ(leases(), 1);
  client.leave();
  EXPECT_TRUE(soon([&] { return fs::exists(folder_.path() / "good.gguf.left"); })) << "the engine saw it";
  EXPECT_TRUE(soon([&] { return leases() == 0; }));
}

TEST_F(GatewayTest, AWaitingStreamHearsWhyAndThenGetsItsAnswer) {
  GatewayOptions options;
  options.first_news = std::chrono::milliseconds(50);
  start(options, "slow_load");
  const std::string answer = stream("/v1/chat/completions", "stream");
  EXPECT_NE(answer.find(": loading"), std::string::npos) << answer;
  EXPECT_NE(answer.find("[DONE]"), std::string::npos);
}

TEST_F(GatewayTest, AWaitingStreamThatIsRefusedEndsWithTheEnginesReason) {
  GatewayOptions options;
  options.first_news = std::chrono::milliseconds(50);
  start(options, "slow_load");
  EXPECT_NE(stream("/v1/chat/completions", "refuse").find("exceed_context_size_error"), std::string::npos);
}

TEST_F(GatewayTest, AFailedLoadTellsTheLastWords) {
  start({}, "crash_in_load");
  const std::string answer = ask("/v1/chat/completions", k_chat);
  EXPECT_GE(status_of(answer), 500);
  EXPECT_NE(answer.find("cheese"), std::string::npos) << answer;
}

TEST_F(GatewayTest, LeavingWhileWaitingEndsTheWait) {
  start({}, "slow_load");
  for (const char* body : {R"({"messages":[{}]})", R"({"stream":true,"messages":[{}]})"}) {
    RawClient client(port_);
    client.post("/v1/chat/completions", body);
    ASSERT_TRUE(soon([&] { return leases() == 1; }));
    client.leave();
    EXPECT_TRUE(soon([&] { return leases() == 0; }));
  }
}

TEST_F(GatewayTest, BadBodiesNeverReachAnEngine) {
  start();
  const std::pair<const char*, const char*> bad[] = {
      {"/v1/chat/completions", ""},
      {"/v1/chat/completions", "{"},
      {"/v1/chat/completions", "[]"},
      {"/v1/chat/completions", "{}"},
      {"/v1/chat/completions", R"({"messages":"hi"})"},
      {"/v1/chat/completions", R"({"messages":[]})"},
      {"/v1/chat/completions", R"({"messages":["hi"]})"},
      {"/v1/chat/completions", R"({"messages":[{}],"model":7})"},
      {"/v1/chat/completions", R"({"messages":[{}],"stream":"yes"})"},
      {"/v1/chat/completions", "{\"messages\":[{}],\"a\":\"\xff\"}"},
      {"/v1/completions", "{}"},
      {"/v1/embeddings", R"({"input":[]})"},
      {"/v1/embeddings", R"({"input":7})"},
      {"/v1/chat/completions",
       R"({"messages":[{"content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}]})"},
      {"/v1/responses", R"({"input":[{"content":[{"type":"input_image","image_url":"http://127.0.0.1/"}]}]})"},
      {"/v1/messages",
       R"({"messages":[{"content":[{"type":"image","source":{"type":"url","url":"http://10.0.0.1/"}}]}]})"},
      {"/v1/chat/completions",
       R"({"messages":[{"content":[{"type":"input_audio","input_audio":{"url":"http://[::1]/"}}]}]})"},
  };
  for (const auto& [path, body] : bad) {
    const std::string answer = ask(path, body);
    EXPECT_EQ(status_of(answer), 400) << path << " " << body << " " << answer;
    EXPECT_EQ(error_of(answer).at("type").as_string(), "invalid_request_error") << body;
  }
}

TEST_F(GatewayTest, ModelsHealthAndUnknownPaths) {
  start();
  RawClient client(port_);
  client.get("/v1/models");
  std::string answer = client.answer();
  const auto list = json::parse(body_of(answer)).as_object();
  EXPECT_EQ(list.at("object").as_string(), "list");
  const auto& first = list.at("data").as_array().at(0).as_object();
  EXPECT_EQ(first.at("id").as_string(), "hash-c");
  EXPECT_EQ(first.at("root").as_string(), "good-folder");
  EXPECT_EQ(first.at("task").as_string(), "chat");
  client.get("/models/hash-e");
  EXPECT_NE(client.answer().find("\"embed\""), std::string::npos);
  client.get("/v1/models/nobody");
  EXPECT_EQ(status_of(client.answer()), 404);
  client.get("/health");
  EXPECT_TRUE(client.answer().ends_with("{\"status\":\"ok\"}"));
  client.get("/nothing");
  EXPECT_EQ(status_of(client.answer()), 404);
  client.get("/v1/chat/completions");
  answer = client.answer();
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_NE(answer.find("allow: POST"), std::string::npos);
  client.get("/eai/status");
  EXPECT_EQ(status_of(client.answer()), 404) << "the status is for the private socket only";
}

TEST_F(GatewayTest, StrangePagesAndNamesAreRefused) {
  GatewayOptions options;
  options.origins = {"https://chat.example"};
  start(options);
  RawClient client(port_);
  client.send("GET /v1/models HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
  EXPECT_EQ(status_of(client.answer()), 403);
  client.send("GET /v1/models HTTP/1.1\r\nHost: localhost\r\nHost: rebound.example\r\n\r\n");
  EXPECT_EQ(status_of(client.answer()), 400);
  for (const char* origin : {"https://evil.example", "null", "https://chat.example.evil.example"}) {
    client.get("/v1/models", "Origin: " + std::string(origin) + "\r\n");
    EXPECT_EQ(status_of(client.answer()), 403) << origin;
  }
  client.get("/v1/models", "Origin: https://chat.example\r\n");
  EXPECT_NE(client.answer().find("access-control-allow-origin: https://chat.example"), std::string::npos);
  client.send(
      "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: https://chat.example\r\n"
      "Access-Control-Request-Method: POST\r\n\r\n");
  EXPECT_NE(client.until("\r\n\r\n").find("access-control-allow-methods"), std::string::npos);
}

TEST_F(GatewayTest, KeysOpenAndOnlyKeys) {
  GatewayOptions options;
  options.api_keys = {"first-key-of-this-test", "other-key-of-this-test"};
  start(options);
  const std::pair<const char*, int> tries[] = {{"", 401},
                                               {"Authorization: Bearer first-key-of-this-tesT\r\n", 401},
                                               {"Authorization: Bearer \r\n", 401},
                                               {"Authorization: Bearer other-key-of-this-test\r\n", 200},
                                               {"x-api-key: first-key-of-this-test\r\n", 200}};
  RawClient client(port_);
  for (const auto& [header, status] : tries) {
    client.get("/v1/models", header);
    EXPECT_EQ(status_of(client.answer()), status) << header;
  }
  client.get("/health");
  EXPECT_EQ(status_of(client.answer()), 200);
}

TEST_F(GatewayTest, AReloadChangesWhatComesNextAndNotWhatRuns) {
  start();
  RawClient running(port_);
  running.post("/v1/chat/completions", R"({"stream":true,"messages":[{}],"say":"hang"})");
  ASSERT_NE(running.until("{\"n\":1}").find("{\"n\":1}"), std::string::npos);
  GatewayOptions options;
  options.api_keys = {"a-key-that-came-later"};
  reload(options, {"hash-e"});
  RawClient client(port_);
  client.get("/v1/models");
  EXPECT_EQ(status_of(client.answer()), 401);
  client.get("/v1/models", "x-api-key: a-key-that-came-later\r\n");
  const std::string models = client.answer();
  EXPECT_NE(models.find("hash-e"), std::string::npos);
  EXPECT_EQ(models.find("hash-c"), std::string::npos);
  EXPECT_EQ(leases(), 1) << "the running answer was not touched";
  EXPECT_FALSE(fs::exists(folder_.path() / "good.gguf.left"));
}

}  // namespace
}  // namespace eai::gateway
