#include "cli/json_schema.h"

#include <algorithm>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::cli {
namespace {

namespace json = boost::json;

const Command& command(std::string_view words) {
  const auto all = commands();
  return *std::ranges::find_if(all, [&](const Command& one) { return one.words() == words; });
}

TEST(JsonSchema, KnowsEveryCommandThatPrintsJson) {
  for (const Command& one : commands()) {
    if (std::ranges::find(one.options, "output.json") == one.options.end()) continue;
    EXPECT_FALSE(json_fields(one).fields.empty())
        << "docs/json.schema.json does not say what `" << one.words() << "` prints: add $defs/" << one.page();
  }
}

TEST(JsonSchema, NamesTheFieldsOfObjectsAndOfListedItems) {
  const Pick exported = json_fields(command("eai model export"));
  EXPECT_EQ(exported.fields, (std::vector<std::string>{"event", "hash", "name", "blocks", "bytes", "to"}));
  EXPECT_TRUE(exported.lists.empty());
  const Pick list = json_fields(command("eai model list"));
  EXPECT_EQ(list.lists, (std::vector<std::string>{"models", "catalog"}));
  EXPECT_NE(std::ranges::find(list.fields, "last_used"), list.fields.end()) << "of a model here";
  EXPECT_NE(std::ranges::find(list.fields, "size_gb"), list.fields.end()) << "of one in the catalog";
  EXPECT_EQ(std::ranges::find(list.fields, "unfinished"), list.fields.end()) << "of the list itself";
  const Pick jobs = json_fields(command("eai jobs"));
  EXPECT_NE(std::ranges::find(jobs.fields, "state"), jobs.fields.end()) << "of a listed job";
  EXPECT_NE(std::ranges::find(jobs.fields, "verified"), jobs.fields.end()) << "of one that is watched";
}

TEST(JsonSchema, WrongFieldsAreRefusedWithTheRightOnes) {
  const auto pick = [](std::string_view text) { return pick_of(command("eai model export"), text); };
  EXPECT_EQ(pick("name,hash,name")->fields, (std::vector<std::string>{"name", "hash"}));
  EXPECT_EQ(pick("").error().code, Code::invalid);
  EXPECT_EQ(pick("").error().message,
            "--json= names no field; `eai model export` has event, hash, name, blocks, bytes, to");
  EXPECT_FALSE(pick(","));
  EXPECT_EQ(pick("name,hsh").error().message,
            "--json= names the unknown field \"hsh\"; did you mean hash? `eai model export` has event, hash, name, "
            "blocks, bytes, to");
  EXPECT_EQ(pick("\x1b[2J").error().code, Code::invalid);
  EXPECT_EQ(pick("\x1b[2J").error().message.find('\x1b'), std::string::npos);
}

TEST(PickedFields, OfTheObjectInTheOrderAskedFor) {
  const json::value value = json::parse(R"({"a":1,"b":null,"c":[1]})");
  EXPECT_EQ(json::serialize(picked(value, {.fields = {"c", "a"}}).at(0)), R"({"c":[1],"a":1})");
  EXPECT_EQ(json::serialize(picked(value, {.fields = {"b", "x"}}).at(0)), R"({"b":null})");
  EXPECT_TRUE(picked(value, {.fields = {"x"}}).empty());
  EXPECT_TRUE(picked(json::value("text"), {.fields = {"x"}}).empty());
}

TEST(PickedFields, OfListedItemsEachOnce) {
  const json::value value = json::parse(R"({"name":"no","models":[{"name":"a","hash":"1"},{"name":"b","hash":"2"}],
                                            "catalog":[{"name":"A","hash":"1"},{"name":"c","hash":"3"}]})");
  const auto found = picked(value, {.fields = {"name"}, .lists = {"models", "catalog", "none"}});
  std::string names;
  for (const json::object& one : found) names += one.at("name").as_string();
  EXPECT_EQ(names, "abc");
  EXPECT_EQ(picked(value, {.fields = {"name"}, .lists = {"jobs"}}).at(0).at("name").as_string(), "no")
      << "an object without such a list is taken itself";
}

}  // namespace
}  // namespace eai::cli
