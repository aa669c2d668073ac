#include "engine/kind.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "engine/devices.h"
#include "engine/memory.h"
#include "engine/model_spec.h"
#include "engine/state_line.h"

namespace eai::engine {
namespace {

using model::Task;

TEST(EngineKind, EveryTaskBelongsToExactlyOne) {
  for (const Task task : {Task::chat, Task::embed, Task::image_generation, Task::image_edit}) {
    const auto takes = [&](const EngineKind* kind) {
      return std::ranges::find(kind->tasks, task) != kind->tasks.end();
    };
    EXPECT_EQ(std::ranges::count_if(all_kinds(), takes), 1) << name_of(task);
  }
}

TEST(EngineKind, SaysAllThatThePoolAsksOfIt) {
  for (const EngineKind* kind : all_kinds()) {
    EXPECT_FALSE(kind->program.empty());
    EXPECT_NE(kind->take_wishes, nullptr) << kind->program;
    EXPECT_NE(kind->inspect, nullptr) << kind->program;
    EXPECT_NE(kind->arguments, nullptr) << kind->program;
    EXPECT_NE(kind->read_line, nullptr) << kind->program;
    EXPECT_TRUE(kind->health.starts_with('/')) << kind->program;
  }
}

TEST(EngineKind, TakesOnlyTheWishesThatConcernIt) {
  const Wishes wishes{.memory_budget = 7, .picture_metadata = true, .weights_in_ram = true};
  ModelSpec chat, picture;
  kind_of(Task::chat).take_wishes(chat, wishes);
  EXPECT_EQ(chat, ModelSpec{}) << "else a reload with other wishes would start it again";
  kind_of(Task::image_edit).take_wishes(picture, wishes);
  EXPECT_EQ(picture.memory_budget, 7u);
  EXPECT_EQ(picture.extra_arguments, (std::vector<std::string>{"--image-metadata", "--offload-to-cpu"}));
}

TEST(EngineKind, AProgramThatIsNotInstalledIsAskedForNothing) {
  EXPECT_TRUE(program_of(kind_of(Task::chat), {}).empty());
  const auto devices = find_devices({{"llama-server", ""}, {"eai-image-engine", "/bin/false"}});
  ASSERT_TRUE(devices);
  EXPECT_TRUE(devices->empty());
}

TEST(StateLine, TellsLoadAndReadiness) {
  const std::string prefix = "cmd_child_to_router:state:";
  EXPECT_FALSE(read_state_line("llama_model_loader: loaded")) << "it belongs into the log";
  EXPECT_EQ(read_state_line(prefix + R"({"state":"loading","payload":{"value":0.4}})")->fraction, 0.4);
  EXPECT_EQ(read_state_line(prefix + R"({"state":"loading","progress":7})")->fraction, 1.0);
  EXPECT_FALSE(read_state_line(prefix + R"({"state":"loading"})")->ready);
  EXPECT_TRUE(read_state_line(prefix + R"({"state":"ready"})")->ready);
  for (const char* damaged : {"", "{", "[]", "null", R"({"state":1,"progress":"x","payload":2})"}) {
    const auto news = read_state_line(prefix + damaged);
    ASSERT_TRUE(news) << damaged;
    EXPECT_FALSE(news->ready || news->fraction) << damaged;
  }
}

TEST(StateLine, TellsAFitThatCanBeAVariableOfTheEnvironment) {
  const auto line = [](const std::string& fit) {
    return R"(cmd_child_to_router:state:{"state":"loading","payload":{"fit":)" + fit + "}}";
  };
  const auto news = read_state_line(line(R"("0f{\"n_ctx\":512}")"));
  EXPECT_EQ(news->fit, R"(0f{"n_ctx":512})");
  EXPECT_FALSE(news->ready || news->fraction);
  EXPECT_EQ(read_state_line(line('"' + std::string(16384, 'x') + '"'))->fit.size(), 16384u);
  for (const std::string& bad : {'"' + std::string(16385, 'x') + '"', std::string(R"("a\nb")"),
                                 std::string(R"("a\u0000")"), std::string("7"), std::string("null"), std::string("{}")})
    EXPECT_EQ(read_state_line(line(bad))->fit, "") << bad.substr(0, 20);
}

}  // namespace
}  // namespace eai::engine
