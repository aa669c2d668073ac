#include "api/select.h"

#include <gtest/gtest.h>

namespace eai::api {
namespace {

using model::Task;

class Select : public ::testing::Test {
 protected:
  Result<Choice> ask(std::optional<std::string_view> model, std::vector<Task> tasks, SelectRules rules = {}) {
    return select_model({served, used_last, model, tasks, "/v1/x"}, rules);
  }
  std::vector<ServedModel> served = {{"hash-a", "alpha", Task::chat, {}, false, {}},
                                     {"hash-e", "echo", Task::embed, {}, false, {}},
                                     {"hash-b", "beta", Task::chat, {}, false, {}}};
  std::vector<std::string> used_last;
};

TEST_F(Select, AServedHashIsTakenAsItIs) {
  auto choice = ask("hash-b", {Task::chat});
  ASSERT_TRUE(choice);
  EXPECT_EQ(choice->model->id, "hash-b");
  EXPECT_EQ(choice->fallback, "");
}

TEST_F(Select, AHashOfAnotherTaskIsRefusedNotReplaced) {
  auto choice = ask("hash-e", {Task::chat});
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Code::invalid);
  EXPECT_NE(choice.error().message.find("echo"), std::string::npos);
}

TEST_F(Select, AbsentAndUnknownGoToTheMainModelAndSaySo) {
  for (std::optional<std::string_view> name : {std::optional<std::string_view>{}, {""}, {"gpt-4o"}, {"beta"}}) {
    auto choice = ask(name, {Task::chat});
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->model->id, "hash-a");
    EXPECT_NE(choice->fallback, "");
  }
  EXPECT_NE(ask("beta", {Task::chat})->fallback.find("folder name"), std::string::npos);
}

TEST_F(Select, WhereTheMainModelDoesNotFitTheFirstFittingOneAnswers) {
  EXPECT_EQ(ask({}, {Task::embed})->model->id, "hash-e");
  EXPECT_EQ(ask("nobody", {Task::embed})->model->id, "hash-e");
}

TEST_F(Select, NothingFitsIsAnError) {
  auto choice = ask({}, {Task::image_generation});
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Code::invalid);
}

TEST_F(Select, LocalModelIsTheOneUsedLastForTheTask) {
  EXPECT_EQ(ask("local-model", {Task::chat})->model->id, "hash-a");
  EXPECT_NE(ask("local-model", {Task::chat})->fallback, "");
  used_last = {"hash-e", "hash-b", "hash-a"};
  EXPECT_EQ(ask("local-model", {Task::chat})->model->id, "hash-b");
  EXPECT_EQ(ask("local-model", {Task::chat})->fallback, "");
  EXPECT_EQ(ask("local-model", {Task::embed})->model->id, "hash-e");
}

TEST_F(Select, FolderNamesCountOnlyWhenAskedFor) {
  EXPECT_EQ(ask("beta", {Task::chat}, {NameRule::names, UnknownRule::fall_back})->model->id, "hash-b");
}

TEST_F(Select, StrictRefusesWithNearNames) {
  auto choice = ask("hash-x", {Task::chat}, {NameRule::hashes, UnknownRule::strict});
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code, Code::not_found);
  EXPECT_NE(choice.error().message.find("hash-a"), std::string::npos);
  EXPECT_TRUE(ask({}, {Task::chat}, {NameRule::hashes, UnknownRule::strict}));
}

}  // namespace
}  // namespace eai::api
