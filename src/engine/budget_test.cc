#include "engine/budget.h"

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

struct Groups : ::testing::Test {
  void put(const fs::path& file, const std::string& text) {
    ASSERT_TRUE(make_folders((folder.path() / file).parent_path()));
    ASSERT_TRUE(write_file_atomic(folder.path() / file, view_of(text)));
  }
  TemporaryFolder folder;
};

TEST_F(Groups, TheSmallestLimitOnTheWayUpCounts) {
  put("memory.max", "max\n");
  put("a/memory.max", "4000\n");
  put("a/b/memory.max", "max\n");
  EXPECT_EQ(cgroup_limit(folder.path(), "0::/a/b\n"), 4000u);
  EXPECT_EQ(cgroup_limit(folder.path(), "0::/\n"), std::nullopt);
  EXPECT_EQ(cgroup_limit(folder.path(), "nonsense\n::\n"), std::nullopt);
}

TEST_F(Groups, Version1) {
  put("memory/x/memory.limit_in_bytes", "5000\n");
  put("memory/memory.limit_in_bytes", "9223372036854771712\n");
  EXPECT_EQ(cgroup_limit(folder.path(), "5:cpu:/x\n4:memory:/x\n"), 5000u);
}

}  // namespace
}  // namespace eai::engine
