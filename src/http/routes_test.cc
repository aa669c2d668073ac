#include "http/routes.h"

#include <set>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "http/openapi.h"
#include "http/target.h"

namespace eai::http {
namespace {

namespace json = boost::json;

Routes table() {
  std::vector<Route> routes;
  routes.push_back({.path = "/", .access = Access::everyone, .gives = "text/plain", .summary = "Says hello."});
  routes.push_back({.path = "/v1/models", .summary = "Lists."});
  routes.push_back({.path = "/v1/models/{id...}", .summary = "Shows one."});
  routes.push_back({.path = "/jobs/{id}/events", .gives = "text/event-stream", .summary = "Tells."});
  routes.push_back({.path = "/jobs/{id}", .access = Access::owner, .summary = "Shows a job."});
  routes.push_back({.method = Method::del, .path = "/jobs/{id}", .summary = "Ends a job."});
  routes.push_back({.method = Method::post,
                    .path = "/v1/chat",
                    .body_limit = 1000,
                    .takes = "application/json",
                    .gives = "application/json, text/event-stream",
                    .summary = "Chats."});
  return Routes(std::move(routes), "/v1");
}

std::string found(const Routes& routes, std::string_view method, std::string_view path) {
  const auto it = routes.find(method, path);
  if (it.route == nullptr) return it.known_path() ? "405 " + std::string(it.name) : "404";
  return std::string(it.route->summary) + "|" + std::string(it.value) + "|" + std::string(it.name);
}

TEST(Routes, FindByMethodAndPath) {
  const Routes routes = table();
  EXPECT_EQ(found(routes, "GET", "/"), "Says hello.||/");
  EXPECT_EQ(found(routes, "GET", "/v1/models"), "Lists.||/models");
  EXPECT_EQ(found(routes, "HEAD", "/models"), "Lists.||/models");
  EXPECT_EQ(found(routes, "GET", "/v1/models/a/b"), "Shows one.|a/b|/models");
  EXPECT_EQ(found(routes, "GET", "/jobs/7"), "Shows a job.|7|/jobs");
  EXPECT_EQ(found(routes, "DELETE", "/v1/jobs/7"), "Ends a job.|7|/jobs");
  EXPECT_EQ(found(routes, "GET", "/jobs/7/events"), "Tells.|7|/jobs");
  EXPECT_EQ(found(routes, "POST", "/v1/chat"), "Chats.||/chat");
}

TEST(Routes, WhatIsNotInTheTableIsUnknownOrHasAnotherMethod) {
  const Routes routes = table();
  for (const char* path :
       {"", "/v1", "/v1/v1", "/v1models", "/models/", "/modelss", "/jobs/", "/jobs//events", "/jobs/7/",
        "/jobs/7/event", "/jobs/7/8/events", "models", "/chat/", "/chat/x", "/chat/chat/chat", "/chat/v1"})
    EXPECT_EQ(found(routes, "GET", path), "404") << path;
  EXPECT_EQ(found(routes, "POST", "/models"), "405 /models");
  EXPECT_EQ(found(routes, "get", "/models"), "405 /models") << "methods have a case";
  EXPECT_EQ(found(routes, "HEAD", "/chat"), "405 /chat");
  EXPECT_EQ(found(routes, "OPTIONS", "/models/x"), "405 /models") << "its caller answers OPTIONS";
}

TEST(Routes, WhatABaseUrlHasTooMuchIsLeftOut) {
  const Routes routes = table();
  EXPECT_EQ(found(routes, "GET", "/v1/v1/models"), "Lists.||/models");
  EXPECT_EQ(found(routes, "GET", "/v1/v1/v1/models/a"), "Shows one.|a|/models");
  EXPECT_EQ(found(routes, "POST", "/v1/chat/chat"), "Chats.||/chat");
  EXPECT_EQ(found(routes, "POST", "/v1/chat/v1/chat"), "Chats.||/chat");
  EXPECT_EQ(found(routes, "GET", "/v1/chat/models"), "Lists.||/models");
  EXPECT_EQ(found(routes, "GET", "/chat/chat"), "405 /chat");
}

TEST(Target, PathsAreMadeCanonical) {
  const auto canonical = [](std::string target) {
    make_canonical(target);
    return target;
  };
  for (const char* as_it_is : {"/", "", "*", "/v1/models", "/v1/models?x=//%41/", "?x", "/a%2Fb", "/a%20b", "/a%",
                               "/a%4", "/a%zz", "/a/.b", "/a%c3%bc"})
    EXPECT_EQ(canonical(as_it_is), as_it_is);
  EXPECT_EQ(canonical("/v1/models/"), "/v1/models");
  EXPECT_EQ(canonical("//v1//models//"), "/v1/models");
  EXPECT_EQ(canonical("///"), "/");
  EXPECT_EQ(canonical("//?a//b/"), "/?a//b/");
  EXPECT_EQ(canonical("/v1/chat/completions/?api-version=1"), "/v1/chat/completions?api-version=1");
  EXPECT_EQ(canonical("/%76%31/%6dodels%2d%5F%7E"), "/v1/models-_~");
  EXPECT_EQ(canonical("/a%2F%41/"), "/a%2FA");
  EXPECT_EQ(canonical("/%2541"), "/%2541") << "once";
  EXPECT_EQ(decoded("openai%2Fx%3Alatest%"), "openai/x:latest%");
}

TEST(Routes, AllowedNamesEveryMethodOfThePath) {
  const Routes routes = table();
  EXPECT_EQ(routes.allowed("/v1/models"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(routes.allowed("/jobs/7"), "GET, HEAD, DELETE, OPTIONS");
  EXPECT_EQ(routes.allowed("/chat"), "POST, OPTIONS");
}

TEST(OpenApi, IsMadeOfTheTable) {
  const Routes routes = table();
  const json::object document = json::parse(openapi_of(routes, {"a title", "1.2", "what it is"})).as_object();
  EXPECT_EQ(document.at("openapi").as_string(), "3.1.0");
  EXPECT_EQ(document.at("info").at("title").as_string(), "a title");
  const json::object& paths = document.at("paths").as_object();
  EXPECT_EQ(paths.size(), 6u) << "two routes share a path";
  std::set<std::string> operations;
  for (const auto& [path, methods] : paths)
    for (const auto& [method, operation] : methods.as_object()) {
      EXPECT_TRUE(operations.insert(std::string(operation.at("operationId").as_string())).second) << path;
      EXPECT_FALSE(operation.at("summary").as_string().empty());
    }
  EXPECT_EQ(operations.size(), routes.all().size());
  EXPECT_TRUE(operations.contains("delete_jobs_id"));
  const json::value& model = paths.at("/v1/models/{id}").at("get");
  EXPECT_EQ(model.at("parameters").at(0).at("name").as_string(), "id");
  const json::value& chat = paths.at("/v1/chat").at("post");
  EXPECT_EQ(chat.at("x-body-limit").to_number<int>(), 1000);
  EXPECT_EQ(chat.at("x-access").as_string(), "key");
  EXPECT_TRUE(chat.at("requestBody").at("content").as_object().contains("application/json"));
  EXPECT_EQ(chat.at("responses").at("200").at("content").as_object().size(), 2u);
  EXPECT_FALSE(chat.as_object().contains("security")) << "the document's own holds";
  EXPECT_TRUE(paths.at("/").at("get").at("security").as_array().empty());
}

}  // namespace
}  // namespace eai::http
