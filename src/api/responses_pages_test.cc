#include "api/responses_pages.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::api {
namespace {

namespace json = boost::json;

struct Pages : ::testing::Test {
  Pages() {
    ShelfItems input;
    for (int i = 0; i < 25; ++i) {
      const std::string id = "msg_" + std::to_string(i);
      input.push_back(std::make_shared<const ShelfItem>(ShelfItem{id, R"({"id":")" + id + "\"}"}));
    }
    shelf.put("key", {"resp_1", R"({"id":"resp_1"})", std::move(input), {}});
  }

  json::object list(const std::string& query) {
    const http::Reply reply = input_items_page(shelf, "key", "resp_1", query);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body).as_object();
  }

  ResponsesShelf shelf;
};

TEST_F(Pages, AResponseIsGivenAndForgotten) {
  http::Reply reply = response_page(shelf, "key", "resp_1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"id":"resp_1"})");
  EXPECT_EQ(http::find_header(reply.headers, "cache-control"), "no-store");
  reply = deletion_page(shelf, "key", "resp_1");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.body, R"({"id":"resp_1","object":"response","deleted":true})");
  EXPECT_EQ(response_page(shelf, "key", "resp_1").status, 404);
  EXPECT_EQ(deletion_page(shelf, "key", "resp_1").status, 404);
}

TEST_F(Pages, AnotherKeyFindsNothing) {
  EXPECT_EQ(response_page(shelf, "other", "resp_1").status, 404);
  EXPECT_EQ(deletion_page(shelf, "", "resp_1").status, 404);
  EXPECT_EQ(input_items_page(shelf, "", "resp_1", "").status, 404);
  EXPECT_EQ(response_page(shelf, "key", "resp_1").status, 200);
}

TEST_F(Pages, TheInputIsListedTheLatestFirst) {
  const json::object latest = list("");
  EXPECT_EQ(latest.at("object"), "list");
  EXPECT_EQ(latest.at("data").as_array().size(), 20U);
  EXPECT_EQ(latest.at("first_id"), "msg_24");
  EXPECT_EQ(latest.at("last_id"), "msg_5");
  EXPECT_EQ(latest.at("has_more"), true);
  const json::object rest = list("after=msg_5");
  EXPECT_EQ(rest.at("first_id"), "msg_4");
  EXPECT_EQ(rest.at("last_id"), "msg_0");
  EXPECT_EQ(rest.at("has_more"), false);
  const json::object two = list("order=asc&limit=2&after=msg_0");
  EXPECT_EQ(json::serialize(two.at("data")), R"([{"id":"msg_1"},{"id":"msg_2"}])");
  const json::object none = list("after=nope");
  EXPECT_TRUE(none.at("data").as_array().empty());
  EXPECT_TRUE(none.at("first_id").is_null());
}

TEST_F(Pages, AListThatCannotBeMadeIsRefused) {
  for (const char* query : {"limit=0", "limit=101", "limit=x", "limit", "order=up", "a=%zz"})
    EXPECT_EQ(input_items_page(shelf, "key", "resp_1", query).status, 400) << query;
}

}  // namespace
}  // namespace eai::api
