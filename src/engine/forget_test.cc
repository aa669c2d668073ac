#include "engine/forget.h"

#include <gtest/gtest.h>

#include "engine/measured.h"

namespace eai::engine {
namespace {

TEST(Forget, TakesWhatIsOfThisModelAndLeavesTheRest) {
  const TemporaryFolder folder;
  const fs::path measured = folder.path() / "measured.json", slots = folder.path() / "conversations";
  EXPECT_TRUE(forget("bafygone", measured, slots)) << "nothing is there";
  ASSERT_TRUE(make_folders(slots));
  for (const char* name :
       {"bafygone-2048-1-0.kv", "bafygone-2048-1-workers-3.kv", "bafygone2-2048-1-0.kv", "bafygone-notes.txt"})
    ASSERT_TRUE(write_file_atomic(slots / name, view_of("x")));
  ASSERT_TRUE(Measured::save(measured, "bafygone/2048/1", 7));
  ASSERT_TRUE(Measured::save(measured, "bafygone2/2048/1", 7));
  ASSERT_TRUE(forget("bafygone", measured, slots));
  EXPECT_FALSE(fs::exists(slots / "bafygone-2048-1-0.kv"));
  EXPECT_FALSE(fs::exists(slots / "bafygone-2048-1-workers-3.kv"));
  EXPECT_TRUE(fs::exists(slots / "bafygone2-2048-1-0.kv"));
  EXPECT_TRUE(fs::exists(slots / "bafygone-notes.txt"));
  EXPECT_FALSE(Measured(measured).peak("bafygone/2048/1"));
  EXPECT_EQ(Measured(measured).peak("bafygone2/2048/1"), 7u);
}

}  // namespace
}  // namespace eai::engine
