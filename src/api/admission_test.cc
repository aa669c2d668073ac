// Who may come in, and what an answer says about where this server is.
#include "api/core.h"
#include "fakes/api_world.h"

namespace eai::api {
namespace {

class Access : public ApiWorld {
 protected:
  // The answer to a request with these header lines.
  std::string answer_to(std::string_view method, std::string_view headers, std::string_view path = "/v1/models") {
    RawClient client(port_);
    client.send(std::string(method) + " " + std::string(path) + " HTTP/1.1\r\n" + std::string(headers) +
                (method == "POST" ? "Content-Length: 0\r\n" : "") + "\r\n");
    return client.until(method == "OPTIONS" ? "\r\n\r\n" : "}");
  }
  int status_to(std::string_view method, std::string_view headers) { return status_of(answer_to(method, headers)); }
  int status_for_host(std::string_view host) { return status_to("GET", "Host: " + std::string(host) + "\r\n"); }
};

ApiOptions with_keys() {
  ApiOptions options;
  options.api_keys = {"key"};
  return options;
}

constexpr std::string_view k_key = "Authorization: Bearer key\r\n";

TEST_F(Access, AHostIsOneHostAndOnePort) {
  start();
  for (const char* host : {"localhost:80@evil.com",
                           "[::1].evil.com",
                           "127.0.0.1:evil",
                           "localhost:",
                           "localhost:99999",
                           "localhost:0",
                           "127.0.0.1:80:80",
                           "localhost:80.evil.com",
                           "evil.com:80@localhost",
                           "[::1]:",
                           "[::1]:x",
                           "[::1",
                           "::1",
                           "localhost/",
                           "localhost#",
                           "localhost\\",
                           "localhost,evil.com",
                           "127.0.0.1.evil.com",
                           "127.0.0.1 evil.com",
                           ""})
    EXPECT_EQ(status_for_host(host), 403) << host;
  for (const char* host : {"localhost:80", "LocalHost:8080", "localhost.:80", "127.0.0.1", "[::1]", "[::1]:8080",
                           "[::ffff:127.0.0.1]", "[fe80::1%25eth0]:80", "10.0.0.7:8080", "app.localhost:3000"})
    EXPECT_EQ(status_for_host(host), 200) << host;
}

TEST_F(Access, WhatDecidesStandsThereOnce) {
  ApiOptions options;
  options.origins = {*http::OriginPattern::parse("*")};
  start(options);
  for (const char* headers : {"", "Host: localhost\r\nHost: localhost\r\n",
                              "Host: localhost\r\nOrigin: https://a.example\r\nOrigin: https://a.example\r\n",
                              "Host: localhost\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n",
                              "Host: localhost\r\nAuthorization: Bearer a\r\nAuthorization: Bearer b\r\n"})
    EXPECT_EQ(status_to("GET", headers), 400) << headers;
  EXPECT_EQ(status_to("GET", "Host: localhost\r\nOrigin: https://a.example\r\n"), 200);
  EXPECT_EQ(status_to("GET", "Host: localhost\r\nOrigin: \r\n"), 403) << "an empty one is no origin";
  EXPECT_EQ(status_to("GET", "Host: localhost\r\nOrigin: https://a.example https://b.example\r\n"), 403);
}

TEST_F(Access, AForeignHostIsRefusedByItsNameWherePagesComeInWithoutAKey) {
  start();
  const std::string refused = answer_to("GET", "Host: rebound.example:8080\r\n");
  EXPECT_EQ(status_of(refused), 403);
  EXPECT_NE(refused.find("'rebound.example:8080'"), std::string::npos) << refused;
  EXPECT_NE(refused.find("allow_hosts"), std::string::npos) << refused;
  EXPECT_EQ(refused.find("--"), std::string::npos) << "no option is named here";
  for (const char* host : {"box", "box.local", "host.docker.internal"}) EXPECT_EQ(status_for_host(host), 403) << host;
}

TEST_F(Access, OwnNamesAndPatternsOfNamesComeIn) {
  ApiOptions options;
  options.hosts.names = {"box.example", "*.lab.example"};
  start(options);
  for (const char* host : {"box.example", "BOX.example.:80", "a.lab.example", "a.b.lab.example:8080"})
    EXPECT_EQ(status_for_host(host), 200) << host;
  for (const char* host : {"lab.example", "xlab.example", "a.lab.example.evil.com", "a.box.example"})
    EXPECT_EQ(status_for_host(host), 403) << host;
}

TEST_F(Access, ANetworkReachesItByNamesThatTheInternetDoesNotHave) {
  ApiOptions options;
  options.hosts.reach = http::Reach::network;
  start(options);
  for (const char* host : {"box", "box:8080", "box.local", "host.docker.internal:8080", "nas.lan", "pi.home.arpa"})
    EXPECT_EQ(status_for_host(host), 200) << host;
  for (const char* host : {"evil.example", "local.evil.example", "2130706433", "box.local@evil.example"})
    EXPECT_EQ(status_for_host(host), 403) << host;
}

TEST_F(Access, WithKeysAnyWellFormedHostComesIn) {
  start(with_keys());
  const auto status = [&](const std::string& host) {
    return status_to("GET", "Host: " + host + "\r\n" + std::string(k_key));
  };
  for (const char* host : {"anything.example", "anything.example:8080", "box", "localhost"})
    EXPECT_EQ(status(host), 200) << host;
  for (const char* host : {"localhost:80@evil.com", "a b", "a..b", "localhost:"}) EXPECT_EQ(status(host), 403) << host;
  EXPECT_EQ(status_for_host("anything.example"), 401);
}

TEST_F(Access, ARefusedOriginIsNamed) {
  start();
  const std::string refused = answer_to("GET", "Host: localhost\r\nOrigin: https://evil.example\r\n");
  EXPECT_EQ(status_of(refused), 403);
  EXPECT_NE(refused.find("'https://evil.example'"), std::string::npos) << refused;
  EXPECT_EQ(refused.find("access-control-allow-origin"), std::string::npos);
}

TEST_F(Access, ThePageOfThisServerIsItsOwn) {
  start();
  for (const char* headers :
       {"Host: localhost:8080\r\nOrigin: http://localhost:8080\r\n",
        "Host: LOCALHOST\r\nOrigin: http://localhost:80\r\n", "Host: [::1]:8080\r\nOrigin: https://[0::1]:8080\r\n"})
    EXPECT_EQ(status_to("GET", headers), 200) << headers;
  for (const char* headers :
       {"Host: localhost:8080\r\nOrigin: http://localhost:3000\r\n", "Host: localhost\r\nOrigin: ftp://localhost\r\n",
        "Host: localhost:8080\r\nOrigin: http://localhost:8080.evil.com\r\n"})
    EXPECT_EQ(status_to("GET", headers), 403) << headers;
}

TEST_F(Access, OriginsArePatterns) {
  ApiOptions options;
  for (const char* pattern : {"chrome-extension://*", "http://localhost:*", "https://*.example.com", "null"})
    options.origins.push_back(*http::OriginPattern::parse(pattern));
  start(options);
  for (const char* origin : {"chrome-extension://abcdefgh", "http://localhost:3000", "https://a.example.com", "null"}) {
    const std::string answer = answer_to("GET", "Host: localhost\r\nOrigin: " + std::string(origin) + "\r\n");
    EXPECT_EQ(status_of(answer), 200) << origin;
    EXPECT_NE(answer.find("access-control-allow-origin: " + std::string(origin) + "\r\n"), std::string::npos);
  }
  for (const char* origin : {"moz-extension://abc", "http://localhost.evil.com", "http://localhost:80@evil",
                             "https://example.com", "https://a.example.com.evil.com", "file://"})
    EXPECT_EQ(status_to("GET", "Host: localhost\r\nOrigin: " + std::string(origin) + "\r\n"), 403) << origin;
}

TEST_F(Access, AnotherSiteMayLookAndDoNothingElse) {
  ApiOptions options;
  options.origins = {*http::OriginPattern::parse("https://chat.example")};
  start(options);
  const auto post = [&](const std::string& site, const std::string& more = "") {
    RawClient client(port_);
    client.post("/v1/chat/completions", k_chat, "Sec-Fetch-Site: " + site + "\r\nContent-Type: text/plain\r\n" + more);
    return status_of(client.answer());
  };
  for (const char* site : {"cross-site", "same-site", "Cross-Site", "anything"}) EXPECT_EQ(post(site), 403) << site;
  for (const char* site : {"same-origin", "none"}) EXPECT_EQ(post(site), 200) << site;
  EXPECT_EQ(post("cross-site", "Origin: https://chat.example\r\n"), 200) << "the owner has named it";
  EXPECT_EQ(status_to("GET", "Host: localhost\r\nSec-Fetch-Site: cross-site\r\nSec-Fetch-Mode: navigate\r\n"), 200)
      << "somebody follows a link";
  EXPECT_EQ(status_of(ask("/v1/chat/completions", k_chat)), 200) << "no browser";
}

TEST_F(Access, APublicPageMayAskForAPrivateNetwork) {
  ApiOptions options;
  options.origins = {*http::OriginPattern::parse("https://chat.example")};
  start(options);
  const std::string ask = "Host: localhost\r\nAccess-Control-Request-Method: POST\r\n";
  const std::string page = ask + "Origin: https://chat.example\r\n";
  const auto says = [&](const std::string& headers, std::string_view line) {
    return answer_to("OPTIONS", headers, "/v1/chat/completions").find(line) != std::string::npos;
  };
  EXPECT_TRUE(says(page + "Access-Control-Request-Private-Network: true\r\n",
                   "access-control-allow-private-network: true\r\n"));
  EXPECT_TRUE(
      says(page + "Access-Control-Request-Local-Network: true\r\n", "access-control-allow-local-network: true\r\n"));
  EXPECT_FALSE(says(page, "-network"));
  EXPECT_FALSE(says(ask + "Access-Control-Request-Private-Network: true\r\n", "-network"));
  const std::string evil = ask + "Origin: https://evil.example\r\nAccess-Control-Request-Private-Network: true\r\n";
  EXPECT_FALSE(says(evil, "-network"));
  EXPECT_FALSE(says(evil, " 204 "));
}

TEST_F(Access, PathsAreUnderstoodAsBaseUrlsGiveThem) {
  start();
  RawClient client(port_);
  for (const char* path : {"/v1/models/", "//v1//models", "/v1/v1/models", "/models/", "/v1/%6dodels?x=//",
                           "/v1/models/?", "/v1/chat/completions/models"}) {
    client.get(path);
    EXPECT_EQ(status_of(client.answer()), 200) << path;
  }
  client.post("/v1//chat/completions/", k_chat);
  EXPECT_EQ(status_of(client.answer()), 200);
  client.get("/v1/modelss");
  EXPECT_EQ(status_of(client.answer()), 404);
}

TEST_F(Access, AcceptedNamesAreListedAndFound) {
  ApiOptions options;
  options.select.names = NameRule::names;
  start(options);
  RawClient client(port_);
  client.get("/v1/models");
  std::vector<std::string> ids;
  const json::object list = json::parse(body_of(client.answer())).as_object();
  for (const auto& entry : list.at("data").as_array()) ids.emplace_back(entry.at("id").as_string());
  EXPECT_EQ(ids, (std::vector<std::string>{"hash-c", "hash-e", "good-folder"})) << "a name of two models is one entry";
  for (const char* name : {"good-folder", "openai/good-folder", "openai%2Fgood-folder"}) {
    client.get("/v1/models/" + std::string(name));
    const std::string answer = client.answer();
    EXPECT_EQ(status_of(answer), std::string_view(name) == "good-folder" ? 200 : 404) << name;
  }
  client.get("/v1/models/hash-e");
  EXPECT_EQ(json::parse(body_of(client.answer())).as_object().at("id").as_string(), "hash-e");
}

http::Incoming came(std::string_view host, std::string_view local) {
  http::Incoming out;
  out.headers = {{"host", std::string(host)}};
  out.local = local;
  return out;
}

TEST(OwnAddress, IsNothingThatAClientMakesUp) {
  ApiOptions options = with_keys();
  options.hosts.names = {"box.example"};
  const auto address = [&](std::string_view host, std::string_view local = "127.0.0.1:8080") {
    return own_address(options, came(host, local));
  };
  EXPECT_EQ(address("LOCALHOST:8080"), "http://localhost:8080");
  EXPECT_EQ(address("box.example"), "http://box.example");
  EXPECT_EQ(address("192.168.1.7:9000"), "http://192.168.1.7:9000") << "a port that a container forwards";
  EXPECT_EQ(address("[::1]:8080"), "http://[::1]:8080");
  for (const char* host : {"evil.example", "8.8.8.8", "localhost:80@evil.example", "box.local", ""})
    EXPECT_EQ(address(host), "http://127.0.0.1:8080") << host;
  EXPECT_EQ(address("evil.example", ""), "http://localhost") << "a Unix socket";
  options.hosts.reach = http::Reach::network;
  EXPECT_EQ(address("box.local:8080", "192.168.1.7:8080"), "http://box.local:8080");
  http::Incoming secure = came("evil.example", "[::1]:8443");
  secure.encrypted = true;
  EXPECT_EQ(own_address(options, secure), "https://[::1]:8443");
}

TEST_F(Access, WhatFailsBeforeAHandlerHasTheFormOfTheApiThatWasCalled) {
  limits_.body = 100;
  start();
  const std::string large = "Content-Length: 101\r\n", by_version = "anthropic-version: 2023-06-01\r\n";
  struct Case {
    std::string request;
    int status;
    std::string_view type;  // of Anthropic's error; empty: it is OpenAI's
  };
  const Case cases[] = {
      {"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\n" + large, 413, "request_too_large"},
      {"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + by_version + large, 413, "request_too_large"},
      {"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n" + large, 413, ""},
      {"POST /v1/messages HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: gzip, chunked\r\n", 501, "api_error"},
      {"GET /v1/models/nobody HTTP/1.1\r\nHost: localhost\r\n" + by_version, 404, "not_found_error"},
      {"GET /v1/models/nobody HTTP/1.1\r\nHost: localhost\r\n", 404, ""},
      {"GET /v1/files HTTP/1.1\r\nHost: localhost\r\n" + by_version, 404, "not_found_error"},
      {"DELETE /v1/models HTTP/1.1\r\nHost: localhost\r\n" + by_version, 405, "invalid_request_error"},
      {"GET /v1/models HTTP/1.1\r\nHost: evil.example\r\n" + by_version, 403, "permission_error"},
      {"nonsense\r\n", 400, ""}};
  for (const Case& one : cases) {
    RawClient client(port_);
    client.send(one.request + "Connection: close\r\n\r\n");
    const std::string answer = client.until_end();
    EXPECT_EQ(status_of(answer), one.status) << one.request;
    const json::object body = json::parse(body_of(answer)).as_object();
    EXPECT_EQ(body.contains("type"), !one.type.empty()) << answer;
    if (one.type.empty()) continue;
    EXPECT_EQ(body.at("type").as_string(), "error");
    EXPECT_EQ(body.at("error").at("type").as_string(), one.type) << answer;
    const std::string id = "\r\nrequest-id: " + std::string(body.at("request_id").as_string()) + "\r\n";
    EXPECT_NE(answer.find(id), std::string::npos) << answer;
  }
}

}  // namespace
}  // namespace eai::api
