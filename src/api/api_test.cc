// The API as clients see it: what is relayed, what is refused, who may come in.
#include <algorithm>

#include "fakes/api_world.h"

namespace eai::api {
namespace {

class ApiTest : public ApiWorld {};

TEST_F(ApiTest, RelaysTheCheckedBodyAndTheAnswerWithItsModel) {
  start();
  const std::string answer = ask("/v1/chat/completions", k_chat, "X-Conversation-Id: 7\r\n");
  EXPECT_EQ(status_of(answer), 200);
  EXPECT_EQ(body_of(answer), R"({"model":"good-folder","messages":[{"role":"user","content":"hi"}]})")
      << "the fake echoes";
  EXPECT_NE(answer.find("x-eai-model: hash-c\r\n"), std::string::npos);
  EXPECT_EQ(answer.find("x-eai-fallback"), std::string::npos);
  EXPECT_NE(answer.find("x-request-id: req_"), std::string::npos);
  EXPECT_EQ(answer.find("BaseHTTP"), std::string::npos) << "headers of the engine stay inside";
  EXPECT_EQ(leases(), 0);
  EXPECT_EQ(status_of(ask("/chat/completions", k_chat)), 200);
  EXPECT_NE(ask("/v1/embeddings", R"({"input":"x"})").find("x-eai-model: hash-e"), std::string::npos);
}

TEST_F(ApiTest, ANameCannotSmuggleAHeader) {
  start();
  const std::string answer =
      ask("/v1/chat/completions", R"({"model":"gpt-4o\r\nx: y","messages":[{"role":"user","content":"hi"}]})");
  EXPECT_NE(answer.find("x-eai-model: hash-c\r\n"), std::string::npos);
  EXPECT_NE(answer.find("x-eai-fallback: "), std::string::npos);
  EXPECT_EQ(answer.find("\r\nx: y"), std::string::npos);
}

TEST_F(ApiTest, RelaysWholeEvents) {
  start();
  const std::string answer = stream("/v1/chat/completions", "stream");
  EXPECT_NE(answer.find("text/event-stream"), std::string::npos);
  EXPECT_EQ(answer.find("ccess-"), std::string::npos) << "CORS of the engine stays inside";
  EXPECT_NE(answer.find("data: {\"n\":1}\n\n"), std::string::npos);
  EXPECT_NE(answer.find("data: {\"n\":2}\n\ndata: [DONE]\n\n\r\n"), std::string::npos) << answer;
}

TEST_F(ApiTest, StreamsAfterWholeAnswersOnOneConnection) {
  ApiOptions options;
  options.first_news = std::chrono::milliseconds(20);
  start(options, "slow_load");
  RawClient client(port_);
  for (int round = 0; round < 20; ++round) {
    client.post("/v1/chat/completions", k_chat);
    ASSERT_EQ(status_of(client.answer()), 200) << round;
    client.post("/v1/chat/completions", saying("stream", "true"));
    ASSERT_NE(client.until("0\r\n\r\n").find("[DONE]"), std::string::npos) << round;
  }
}

TEST_F(ApiTest, AnEngineThatDiesMidStreamEndsItWithAnErrorEvent) {
  start();
  std::string answer = stream("/v1/chat/completions", "crash");
  EXPECT_NE(answer.find("data: {\"n\":1}\n\n"), std::string::npos);
  EXPECT_EQ(answer.find("{\"hal"), std::string::npos) << answer;
  EXPECT_NE(answer.find("data: {\"error\":{"), std::string::npos) << answer;
  EXPECT_NE(answer.find("it exited with status 1"), std::string::npos) << answer;
}

TEST_F(ApiTest, TheOtherApisGetTheirOwnErrorEvent) {
  start();
  EXPECT_NE(stream("/v1/messages", "crash").find("event: error\ndata: {\"type\":\"error\",\"error\""),
            std::string::npos);
}

TEST_F(ApiTest, AnEngineThatDiesInAWholeAnswerIsABadGateway) {
  start();
  const std::string answer = ask("/v1/chat/completions", saying("half"));
  EXPECT_EQ(status_of(answer), 502);
  EXPECT_EQ(error_of(answer).at("type").as_string(), "server_error");
  EXPECT_TRUE(soon([&] { return leases() == 0; }));
}

// Its client has seen nothing of an answer yet, so another engine may give it.
TEST_F(ApiTest, AnEngineThatIsKilledBeforeItsAnswerIsFollowedByAFreshOne) {
  start();
  const std::string answer = stream("/v1/chat/completions", "killed_once");
  EXPECT_EQ(status_of(answer), 200) << answer;
  EXPECT_NE(answer.find("[DONE]"), std::string::npos) << answer;
  EXPECT_EQ(answer.find("error"), std::string::npos) << answer;
  EXPECT_TRUE(soon([&] { return leases() == 0; }));
}

TEST_F(ApiTest, ARequestThatEndsEnginesIsNotSentAgainAndRefusedAfterTheSecondTime) {
  start();
  const auto died = [&] { return fs::file_size(folder_.path() / "good.gguf.died"); };
  for (const std::uintmax_t times : {1u, 2u}) {
    const std::string answer = ask("/v1/chat/completions", saying("die"));
    EXPECT_EQ(status_of(answer), 502) << answer;
    EXPECT_NE(answer.find("the engine ended before it answered: it exited with status 1"), std::string::npos) << answer;
    EXPECT_EQ(died(), times) << "it is not sent again";
  }
  const std::string answer = ask("/v1/chat/completions", saying("die"));
  EXPECT_EQ(status_of(answer), 400) << answer;
  EXPECT_NE(error_of(answer).at("message").as_string().find("more than once"), std::string::npos) << answer;
  EXPECT_EQ(died(), 2u) << "no engine has seen it";
  EXPECT_EQ(status_of(ask("/v1/chat/completions", k_chat)), 200) << "the model is there for what is of another kind";
  EXPECT_TRUE(soon([&] { return leases() == 0; }));
}

TEST_F(ApiTest, WhatAWellEngineRefusesInItsStreamIsTheClientsFault) {
  start();
  for (const char* when : {"fail", "fail_late"}) {
    RawClient client(port_);
    client.post("/v1/chat/completions", saying(when, "true"));
    // The whole answer has status 400 if the error came with the head of the engine's stream.
    const std::string answer = client.until("\"invalid_request_error\"");
    EXPECT_NE(answer.find(R"("message":"no such grammar","type":"invalid_request_error")"), std::string::npos)
        << answer;
    EXPECT_EQ(answer.find("got exception"), std::string::npos) << answer;
    EXPECT_EQ(answer.find("data: {\"n\":1}") != std::string::npos, when == std::string("fail_late")) << answer;
  }
}

TEST_F(ApiTest, TheEnginesRefusalIsPassedOnInOurForm) {
  start();
  const std::string answer = ask("/v1/chat/completions", saying("refuse"));
  EXPECT_EQ(status_of(answer), 400);
  EXPECT_EQ(error_of(answer).at("message").as_string(), "too long");
  EXPECT_EQ(error_of(answer).at("code").as_string(), "context_length_exceeded") << "where clients look for it";
}

TEST_F(ApiTest, ASilentEngineIsGivenUp) {
  ApiOptions options;
  options.stall_limit = std::chrono::milliseconds(150);
  options.answer_limit = std::chrono::milliseconds(150);
  start(options);
  ASSERT_EQ(status_of(ask("/v1/embeddings", R"({"input":"x"})")), 200);
  EXPECT_NE(stream("/v1/chat/completions", "hang").find("timeout_error"), std::string::npos);
  EXPECT_EQ(status_of(ask("/v1/chat/completions", saying("mute"))), 504);
}

TEST_F(ApiTest, AClientThatLeavesFreesTheEngine) {
  start();
  RawClient client(port_);
  client.post("/v1/chat/completions", saying("hang", "true"));
  ASSERT_NE(client.until("{\"n\":1}").find("{\"n\":1}"), std::string::npos);
  EXPECT_EQ(leases(), 1);
  client.leave();
  EXPECT_TRUE(soon([&] { return fs::exists(folder_.path() / "good.gguf.left"); })) << "the engine saw it";
  EXPECT_TRUE(soon([&] { return leases() == 0; }));
}

TEST_F(ApiTest, AWaitingStreamHearsWhyAndThenGetsItsAnswer) {
  ApiOptions options;
  options.first_news = std::chrono::milliseconds(50);
  start(options, "slow_load");
  const std::string answer = stream("/v1/chat/completions", "stream");
  EXPECT_NE(answer.find(": loading"), std::string::npos) << answer;
  EXPECT_NE(answer.find("[DONE]"), std::string::npos);
}

TEST_F(ApiTest, AWaitingStreamThatIsRefusedEndsWithTheEnginesReason) {
  ApiOptions options;
  options.first_news = std::chrono::milliseconds(50);
  start(options, "slow_load");
  EXPECT_NE(stream("/v1/chat/completions", "refuse").find("context_length_exceeded"), std::string::npos);
}

TEST_F(ApiTest, AFailedLoadTellsTheLastWords) {
  start({}, "crash_in_load");
  const std::string answer = ask("/v1/chat/completions", k_chat);
  EXPECT_GE(status_of(answer), 500);
  EXPECT_NE(answer.find("cheese"), std::string::npos) << answer;
}

TEST_F(ApiTest, RetryAfterIsWhatIsLeftOfTheCoolingDown) {
  start({}, "crash_in_load");
  EXPECT_EQ(status_of(ask("/v1/chat/completions", k_chat)), 500);
  // It counts down from five.
  std::string answer;
  EXPECT_TRUE(soon([&] {
    answer = ask("/v1/chat/completions", k_chat);
    const auto at = answer.find("retry-after: ");
    return status_of(answer) == 503 && at != std::string::npos && std::stoi(answer.substr(at + 13)) < 5;
  })) << answer;
}

TEST_F(ApiTest, LeavingWhileWaitingEndsTheWait) {
  start({}, "slow_load");
  for (const char* body : {R"({"messages":[{"role":"user","content":"hi"}]})",
                           R"({"stream":true,"messages":[{"role":"user","content":"hi"}]})"}) {
    RawClient client(port_);
    client.post("/v1/chat/completions", body);
    ASSERT_TRUE(soon([&] { return leases() == 1; }));
    client.leave();
    EXPECT_TRUE(soon([&] { return leases() == 0; }));
  }
}

TEST_F(ApiTest, BadBodiesNeverReachAnEngine) {
  start();
  const std::pair<const char*, const char*> bad[] = {
      {"/v1/chat/completions", ""},
      {"/v1/chat/completions", "{"},
      {"/v1/chat/completions", "[]"},
      {"/v1/chat/completions", "{}"},
      {"/v1/chat/completions", R"({"messages":"hi"})"},
      {"/v1/chat/completions", R"({"messages":[]})"},
      {"/v1/chat/completions", R"({"messages":["hi"]})"},
      {"/v1/chat/completions", R"({"messages":[{"role":"user","content":"hi"}],"model":7})"},
      {"/v1/chat/completions", R"({"messages":[{"role":"user","content":"hi"}],"stream":"yes"})"},
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

TEST_F(ApiTest, ModelsHealthAndUnknownPaths) {
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
  EXPECT_EQ(first.at("type").as_string(), "model") << "Anthropic's clients read the same list";
  EXPECT_EQ(first.at("created_at").as_string().size(), std::string_view("2026-01-31T12:00:00Z").size());
  EXPECT_EQ(list.at("first_id").as_string(), "hash-c");
  EXPECT_FALSE(list.at("has_more").as_bool());
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
  EXPECT_NE(answer.find("allow: POST, OPTIONS\r\n"), std::string::npos) << answer;
  client.post("/v1/models", "");
  answer = client.answer();
  EXPECT_EQ(status_of(answer), 405);
  EXPECT_NE(answer.find("allow: GET, HEAD, OPTIONS\r\n"), std::string::npos) << answer;
  client.send("OPTIONS /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  answer = client.until("\r\n\r\n");
  EXPECT_EQ(status_of(answer), 204);
  EXPECT_NE(answer.find("allow: GET, HEAD, OPTIONS\r\n"), std::string::npos) << answer;
  client.send("HEAD /v1/models HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_EQ(status_of(client.until("\r\n\r\n")), 200);
  client.get("/eai/status");
  EXPECT_EQ(status_of(client.answer()), 404) << "the status is for the private socket only";
}

TEST_F(ApiTest, UnderMessagesEveryRefusalHasAnthropicsForm) {
  ApiOptions options;
  options.api_keys = {"a-key-for-messages"};
  start(options);
  RawClient client(port_);
  const std::string_view with_key = "x-api-key: a-key-for-messages\r\n";
  const std::tuple<std::string_view, std::string_view, int, std::string_view> cases[] = {
      {"GET /v1/messages", "", 401, "authentication_error"},
      {"GET /v1/messages", with_key, 405, "invalid_request_error"},
      {"GET /messages/batches", with_key, 404, "not_found_error"},
      {"GET /v1/messages", "Origin: http://elsewhere.example\r\n", 403, "permission_error"},
  };
  for (const auto& [line, headers, status, type] : cases) {
    client.send(std::string(line) + " HTTP/1.1\r\nHost: localhost\r\n" + std::string(headers) + "\r\n");
    const std::string answer = client.answer();
    EXPECT_EQ(status_of(answer), status) << answer;
    const auto body = json::parse(body_of(answer)).as_object();
    EXPECT_EQ(body.at("type").as_string(), "error");
    EXPECT_EQ(body.at("error").at("type").as_string(), type);
    EXPECT_NE(answer.find("\r\nrequest-id: " + std::string(body.at("request_id").as_string())), std::string::npos);
  }
}

TEST_F(ApiTest, ABodyThatNobodyWantsIsNotRead) {
  start();
  RawClient client(port_);
  client.send("POST /v1/chat/completion HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10000000\r\n\r\n");
  EXPECT_EQ(status_of(client.until_end()), 404) << "and not 413";
  RawClient small(port_);
  small.post("/v1/chat/completion", k_chat);
  EXPECT_EQ(status_of(small.answer()), 404);
  small.post("/v1/chat/completions", k_chat);
  EXPECT_EQ(status_of(small.answer()), 200) << "a small one does not cost the connection";
}

// Every path of the document is answered, by its method and by no other.
TEST_F(ApiTest, TheDocumentIsTheTable) {
  start();
  RawClient client(port_);
  client.get("/openapi.json");
  const std::string answer = client.answer();
  ASSERT_EQ(status_of(answer), 200);
  const json::object document = json::parse(body_of(answer)).as_object();
  const json::object& paths = document.at("paths").as_object();
  for (const char* path : {"/v1/chat/completions", "/v1/images/files/{name}", "/v1/models/{id}", "/health", "/metrics"})
    EXPECT_TRUE(paths.contains(path)) << path;
  EXPECT_FALSE(paths.contains("/eai/status")) << "that one is for the private socket only";
  for (const auto& [path, methods] : paths) {
    std::string target(path);
    if (const auto open = target.find('{'); open != std::string::npos) target.erase(open) += "x";
    client.send("PATCH " + target + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
    const std::string refused = client.answer();
    EXPECT_EQ(status_of(refused), 405) << path;
    for (const auto& [method, operation] : methods.as_object()) {
      std::string word(method);
      std::transform(word.begin(), word.end(), word.begin(), [](char c) { return static_cast<char>(c - 'a' + 'A'); });
      EXPECT_NE(refused.find(word), std::string::npos) << path;
    }
  }
}

TEST_F(ApiTest, StrangePagesAndNamesAreRefused) {
  ApiOptions options;
  options.origins = {*http::OriginPattern::parse("https://chat.example")};
  start(options);
  RawClient client(port_);
  client.send("GET /v1/models HTTP/1.1\r\nHost: rebound.example\r\n\r\n");
  EXPECT_EQ(status_of(client.answer()), 403);
  for (const char* host :
       {"", ":80", "user@localhost", "localhost.example", "127.0.0.1.example", "[::1", "a b", "localhost:x"}) {
    RawClient odd(port_);
    odd.send("GET /v1/models HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    EXPECT_EQ(status_of(odd.answer()), 403) << host;
  }
  for (const char* host : {"LOCALHOST:9", "app.localhost", "localhost.", "127.0.0.1:1", "192.168.1.7", "[::1]:8080"}) {
    client.send("GET /v1/models HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n");
    EXPECT_EQ(status_of(client.answer()), 200) << host;
  }
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
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,x-stainless-lang\r\n\r\n");
  const std::string preflight = client.until("\r\n\r\n");
  EXPECT_NE(preflight.find("access-control-allow-methods"), std::string::npos);
  EXPECT_NE(preflight.find("access-control-allow-headers: authorization,x-stainless-lang\r\n"), std::string::npos);
}

TEST_F(ApiTest, ARefusalBeforeAHandlerIsNamedCountedAndReadable) {
  ApiOptions options;
  options.api_keys = {"first-key-of-this-test"};
  options.origins = {*http::OriginPattern::parse("https://chat.example")};
  start(options);
  RawClient page(port_);
  page.get("/v1/models", "Origin: https://chat.example\r\n");
  const std::string no_key = page.answer();
  EXPECT_EQ(status_of(no_key), 401);
  EXPECT_NE(no_key.find("access-control-allow-origin: https://chat.example\r\n"), std::string::npos) << no_key;
  RawClient nonsense(port_);
  nonsense.send("nonsense\r\n\r\n");
  const std::string refused = nonsense.until_end();
  EXPECT_EQ(status_of(refused), 400);
  EXPECT_NE(refused.find("x-request-id: req_"), std::string::npos) << refused;
  page.get("/metrics", "Authorization: Bearer first-key-of-this-test\r\n");
  const std::string counts = page.answer();
  for (const char* status : {"400", "401"})
    EXPECT_NE(counts.find("status=\"" + std::string(status) + "\",model=\"\"} 1\n"), std::string::npos) << counts;
}

TEST_F(ApiTest, KeysOpenAndOnlyKeys) {
  ApiOptions options;
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

TEST_F(ApiTest, AReloadChangesWhatComesNextAndNotWhatRuns) {
  start();
  RawClient running(port_);
  running.post("/v1/chat/completions", saying("hang", "true"));
  ASSERT_NE(running.until("{\"n\":1}").find("{\"n\":1}"), std::string::npos);
  ApiOptions options;
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

TEST_F(ApiTest, AHarmlessRequestIdIsKeptAndAnotherIsReplaced) {
  start();
  RawClient client(port_);
  for (const char* path : {"/v1/models", "/nothing", "/v1/chat/completions", "/v1/images/nothing"}) {
    client.get(path, "x-request-id: my-own.id:7_a\r\n");
    EXPECT_NE(client.answer().find("x-request-id: my-own.id:7_a\r\n"), std::string::npos) << path;
  }
  for (const std::string& bad : {std::string("a b"), std::string("\"x\""), std::string(129, 'a'), std::string()}) {
    client.get("/v1/models", "x-request-id: " + bad + "\r\n");
    EXPECT_NE(client.answer().find("x-request-id: req_"), std::string::npos) << bad;
  }
  EXPECT_NE(ask("/v1/chat/completions", k_chat, "x-request-id: mine\r\n").find("x-request-id: mine\r\n"),
            std::string::npos);
}

TEST_F(ApiTest, MetricsCountWhatWasAsked) {
  ApiOptions options;
  options.api_keys = {"a-key-for-the-numbers"};
  start(options);
  const std::string_view key = "x-api-key: a-key-for-the-numbers\r\n";
  ask("/v1/chat/completions",
      R"({"messages":[{"role":"user","content":"hi"}],)"
      R"("chat_template_kwargs":{"usage":{"prompt_tokens":7,"completion_tokens":3}}})",
      key);
  ask("/v1/chat/completions", "{", key);
  ask("/v1/models/\"x", "", key);
  RawClient client(port_);
  client.get("/metrics");
  EXPECT_EQ(status_of(client.answer()), 401) << "numbers are for those who may ask";
  client.get("/metrics", key);
  const std::string page = body_of(client.answer());
  for (const char* line : {"eai_requests_total{path=\"/chat/completions\",status=\"200\",model=\"hash-c\"} 1\n",
                           "eai_requests_total{path=\"/chat/completions\",status=\"400\",model=\"\"} 1\n",
                           "eai_requests_total{path=\"/models\",status=\"405\",model=\"\"} 1\n",
                           "eai_requests_total{path=\"/metrics\",status=\"401\",model=\"\"} 1\n",
                           "eai_request_seconds_count{path=\"/chat/completions\"} 2\n",
                           "eai_tokens_total{model=\"hash-c\",kind=\"prompt\"} 7\n",
                           "eai_tokens_total{model=\"hash-c\",kind=\"generated\"} 3\n",
                           "eai_model_loads_total{model=\"hash-c\"} 1\n", "eai_model_ready{model=\"hash-e\"} 0\n"}) {
    EXPECT_NE(page.find(line), std::string::npos) << line << page;
  }
}

TEST_F(ApiTest, TheRequestLogHasNoContent) {
  ApiOptions options;
  options.request_log = folder_.path() / "requests.log";
  start(options);
  ask("/v1/chat/completions", R"({"messages":[{"role":"user","content":"a secret word"}]})", "x-request-id: seven\r\n");
  stream("/v1/chat/completions", "stream");
  std::string text;
  const auto has_both = [&] {  // a line is written when its answer is out
    const auto bytes = read_file(options.request_log, k_mib);
    if (bytes) text = text_of(*bytes);
    return std::count(text.begin(), text.end(), '\n') == 2;
  };
  ASSERT_TRUE(soon(has_both)) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos);
  const json::object first = json::parse(text.substr(0, text.find('\n'))).as_object();
  EXPECT_EQ(first.at("id").as_string(), "seven");
  EXPECT_EQ(first.at("path").as_string(), "/chat/completions");
  EXPECT_EQ(first.at("model").as_string(), "hash-c");
  EXPECT_EQ(first.at("status").as_int64(), 200);
  EXPECT_TRUE(first.at("whole").as_bool());
  EXPECT_EQ(fs::status(options.request_log).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  reload({}, {"hash-c"});
  ask("/v1/chat/completions", k_chat);
  EXPECT_EQ(fs::file_size(options.request_log), text.size()) << "a reload ended it";
}

}  // namespace
}  // namespace eai::api
