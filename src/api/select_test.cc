#include "api/select.h"

#include <gtest/gtest.h>

#include "ipld/cid.h"

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

TEST_F(Select, AbsentAndUnknownGoToTheMainModel) {
  for (std::optional<std::string_view> name : {std::optional<std::string_view>{}, {""}, {"gpt-4o"}, {"beta"}}) {
    auto choice = ask(name, {Task::chat});
    ASSERT_TRUE(choice);
    EXPECT_EQ(choice->model->id, "hash-a");
    EXPECT_EQ(choice->fallback.empty(), !name || name->empty()) << "only another name is replaced";
  }
  EXPECT_EQ(ask({}, {Task::embed})->fallback, "") << "no model was named, whoever answers";
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
  EXPECT_EQ(ask("local-model", {Task::chat})->fallback, "") << "as if no model were named";
  used_last = {"hash-e", "hash-b", "hash-a"};
  EXPECT_EQ(ask("local-model", {Task::chat})->model->id, "hash-b");
  EXPECT_EQ(ask("local-model", {Task::chat})->fallback, "");
  EXPECT_EQ(ask("local-model", {Task::embed})->model->id, "hash-e");
}

TEST_F(Select, FolderNamesCountOnlyWhenAskedFor) {
  EXPECT_EQ(ask("beta", {Task::chat}, {NameRule::names, UnknownRule::fall_back})->model->id, "hash-b");
}

TEST_F(Select, NamesAreUnderstoodAsClientsDecorateThem) {
  const SelectRules names{NameRule::names, UnknownRule::strict};
  for (const char* name : {"beta", "openai/beta", "eai/beta", "beta:latest", "Beta", "openai/BETA:latest", "beta.gguf",
                           " beta\n", "\"beta\"", "litellm_proxy/openai/beta", "beta/"})
    EXPECT_EQ(ask(name, {Task::chat}, names)->model->id, "hash-b") << name;
  for (const char* name : {"bet", "beta2", "beta:7b", "openai/", "/", "", ":latest", ".gguf"}) {
    const auto choice = ask(name, {Task::chat}, names);
    EXPECT_TRUE(!choice || choice->model->id == "hash-a") << name;
  }
  EXPECT_FALSE(ask("openai/beta", {Task::chat}, {NameRule::hashes, UnknownRule::strict})) << "names are not accepted";
}

TEST_F(Select, ADecoratedNameIsNeverAmbiguous) {
  const SelectRules names{NameRule::names, UnknownRule::strict};
  served.push_back({"hash-B", "BETA", Task::chat, {}, false, {}});
  EXPECT_EQ(ask("beta", {Task::chat}, names)->model->id, "hash-b") << "the exact one";
  EXPECT_EQ(ask("BETA", {Task::chat}, names)->model->id, "hash-B");
  EXPECT_FALSE(ask("Beta", {Task::chat}, names));
  EXPECT_FALSE(ask("openai/beta", {Task::chat}, names));
  served.push_back({"hash-o", "openai/beta", Task::chat, {}, false, {}});
  EXPECT_EQ(ask("openai/beta", {Task::chat}, names)->model->id, "hash-o") << "the exact one";
}

TEST_F(Select, AHashIsTakenAsPeoplePasteIt) {
  const ipld::Cid id = ipld::Cid::raw_of(view_of("a model"));
  served.push_back({id.str(), "gamma", Task::chat, {}, false, {}});
  for (const std::string& text : std::vector<std::string>{
           id.str(), "ipfs://" + id.str(), "/ipfs/" + id.str(), " " + id.str() + "\n", "<ipfs://" + id.str() + "/>",
           "https://dweb.link/ipfs/" + id.str() + "?x", "https://" + id.str() + ".ipfs.dweb.link/",
           "openai/" + id.str(), id.str() + ":latest", id.str(ipld::Base::base36)}) {
    const auto choice = ask(text, {Task::chat}, {NameRule::hashes, UnknownRule::strict});
    ASSERT_TRUE(choice) << text;
    EXPECT_EQ(choice->model->id, id.str());
    EXPECT_EQ(choice->fallback, "");
  }
  EXPECT_FALSE(ask("ipfs://" + id.str() + "/file", {Task::chat}, {NameRule::hashes, UnknownRule::strict}));
  EXPECT_NE(ask("ipfs://" + id.str() + "/file", {Task::chat})->fallback, "");
}

TEST_F(Select, LocalModelMayBeDecoratedToo) {
  used_last = {"hash-b"};
  EXPECT_EQ(ask("openai/local-model", {Task::chat})->model->id, "hash-b");
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
