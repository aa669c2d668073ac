#include "cli/model_facts.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace eai::cli {
namespace {

struct FactsTest : ::testing::Test {
  FactsTest() {
    stored.metadata.folder_name = "tiny";
    stored.metadata.format = model::Format::unixfs;
    stored.metadata.files = {{.cid = id, .file_name = "tiny", .size = 7}};
    stored.files = {{.name = "model.gguf", .size = 7}};
    library::Estimate estimate;
    estimate.found.info.architecture = "qwen3";
    estimate.found.info.parameters = 1'720'574'976;
    estimate.found.info.license = "free\033[2J";
    estimate.found.sees = estimate.found.tools = true;
    estimate.found.memory.weights = 5'000'000'000;
    estimate.budget.bytes = 1'000'000'000;
    estimate.context_that_fits = 4096;
    facts.estimate = estimate;
  }
  std::string said(std::string_view label) const {
    for (const auto& [key, text] : shown_facts(facts))
      if (key == label) return text;
    return "(nothing)";
  }

  const ipld::Cid id = ipld::Cid::raw_of(view_of("tiny"));
  store::Model stored{.id = id, .metadata = {}, .folder = {}, .files = {}};
  ModelFacts facts{
      .label = "tiny", .id = id, .aliases = {"a", "b"}, .stored = &stored, .estimate = {}, .why_no_estimate = {}};
};

TEST_F(FactsTest, AreWordsForPeople) {
  EXPECT_EQ(said("also called"), "a, b");
  EXPECT_EQ(said("can"), "chat, vision, tools");
  EXPECT_EQ(said("model"), "qwen3, 1.72 billion parameters");
  EXPECT_EQ(said("license"), "free?[2J");
  EXPECT_EQ(said("context"), "") << "the file does not say";
  EXPECT_NE(said("memory").find("does not fit; with --context-length 4096 it would"), std::string::npos);
  EXPECT_EQ(said("template"), "(nothing)");
  for (const auto& [count, words] :
       std::vector<std::pair<std::uint64_t, std::string>>{{799'616, "799616"},
                                                          {2'508'864, "2.50 million"},
                                                          {135'000'000, "135 million"},
                                                          {235'000'000'000, "235 billion"}}) {
    facts.estimate->found.info.parameters = count;
    EXPECT_EQ(said("model"), "qwen3, " + words + " parameters");
  }
}

TEST_F(FactsTest, AreValuesForPrograms) {
  const boost::json::object out = json_of_facts(facts);
  EXPECT_EQ(out.at("format"), "unixfs");
  EXPECT_EQ(out.at("parts").at(0).at("cid"), boost::json::value(id.str()));
  EXPECT_EQ(out.at("model").at("license"), "free\033[2J") << "as it is; Output makes it harmless";
  EXPECT_FALSE(out.at("fit").at("fits").as_bool());
  EXPECT_FALSE(out.at("trees").as_bool());
}

TEST_F(FactsTest, OfAModelThatIsElsewhereAreThoseOfTheCatalog) {
  const library::CatalogEntry known{.name = "tiny", .id = id, .task = model::Task::embed, .size_gb = 1.5};
  facts.stored = nullptr;
  facts.known = &known;
  facts.estimate.reset();
  EXPECT_EQ(said("can"), "embed");
  EXPECT_EQ(said("size"), "1.50 GB");
  EXPECT_NE(said("here").find("`eai pull tiny`"), std::string::npos);
  EXPECT_FALSE(json_of_facts(facts).at("here").as_bool());
}

}  // namespace
}  // namespace eai::cli
