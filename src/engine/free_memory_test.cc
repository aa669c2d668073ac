#include "engine/free_memory.h"

#include <gtest/gtest.h>

#include "engine/gguf_testing.h"
#include "util/text.h"

namespace eai::engine {
namespace {

struct FreeMemory : ::testing::Test {
  void write(const fs::path& path, const std::string& text) {
    fs::create_directories((folder.path() / path).parent_path());
    ASSERT_TRUE(write_file_atomic(folder.path() / path, view_of(text)));
  }
  std::optional<std::uint64_t> left(const std::string& membership) {
    return free_memory({folder.path() / "meminfo", folder.path() / "groups"}, membership);
  }
  TemporaryFolder folder;
};

TEST_F(FreeMemory, OfTheMachine) {
  EXPECT_EQ(left(""), std::nullopt) << "nothing is told";
  write("meminfo", "MemTotal:       24683852 kB\nMemFree:        100 kB\nMemAvailable:    2048 kB\n");
  EXPECT_EQ(left(""), 2048 * k_kib);
  EXPECT_EQ(left("0::/none\n"), 2048 * k_kib) << "a group without files";
}

TEST_F(FreeMemory, OfTheTightestGroup) {
  write("meminfo", "MemAvailable: 9999999 kB\n");
  write("groups/a/b/memory.max", "1000000\n");
  write("groups/a/b/memory.current", "900000\n");
  write("groups/a/b/memory.stat", "anon 500000\ninactive_file 250000\nactive_file 50000\nactive_file_other 7\n");
  EXPECT_EQ(left("0::/a/b\n"), 400000u) << "pages of files can be had back";
  write("groups/a/memory.max", "max\n");
  write("groups/a/memory.current", "999999\n");
  EXPECT_EQ(left("0::/a/b\n"), 400000u);
  write("groups/a/memory.max", "1000000\n");
  EXPECT_EQ(left("0::/a/b\n"), 1u) << "others in the group above took the rest";
  write("groups/a/memory.current", "1000001\n");
  EXPECT_EQ(left("0::/a/b\n"), 0u);
}

TEST_F(FreeMemory, OfVersionOne) {
  write("groups/memory/a/memory.limit_in_bytes", "1000\n");
  write("groups/memory/a/memory.usage_in_bytes", "900\n");
  write("groups/memory/a/memory.stat", "inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 100\n");
  write("groups/memory/memory.limit_in_bytes", "9223372036854771712\n");
  write("groups/memory/memory.usage_in_bytes", "900\n");
  EXPECT_EQ(left("5:cpu:/a\n4:memory:/a\n"), 500u);
}

TEST(FreeMemoryHere, IsToldOnLinux) {
#ifdef __linux__
  EXPECT_GT(free_memory().value_or(0), 0u);
#else
  EXPECT_EQ(free_memory(), std::nullopt);
#endif
}

}  // namespace
}  // namespace eai::engine
