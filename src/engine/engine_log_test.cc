#include "engine/engine_log.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

TEST(EngineLog, RotatesAtItsLimit) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "x.log";
  EngineLog log(file, 100);
  for (int i = 0; i < 30; ++i) log.write("0123456789\n");
  EXPECT_LE(fs::file_size(file), 100u);
  EXPECT_LE(fs::file_size(file.string() + ".1"), 100u);
}

TEST(EngineLog, LastWordsAreThoseOfTheError) {
  const TemporaryFolder folder;
  EngineLog log(folder.path() / "x.log");
  log.write("loading\nerror: no such tensor\nbye");
  log.write("\n\x1b[31m\n");
  EXPECT_EQ(log.last_words(), "error: no such tensor");
}

TEST(EngineLog, WithoutAFileItStillListens) {
  EngineLog log("/nonexistent/x.log");
  log.write("one\ntwo\n");
  EXPECT_EQ(log.last_words(), "one\ntwo");
}

}  // namespace
}  // namespace eai::engine
