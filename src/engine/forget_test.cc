#include "engine/forget.h"

#include <gtest/gtest.h>

#include "engine/known_fits.h"
#include "engine/measured.h"

namespace eai::engine {
namespace {

TEST(Forget, TakesWhatIsOfThisModelAndLeavesTheRest) {
  const TemporaryFolder folder;
  const fs::path measured = folder.path() / "measured.json", fits = folder.path() / "fits.json",
                 slots = folder.path() / "conversations";
  const Remains remains{measured, fits, slots};
  EXPECT_TRUE(forget("bafygone", remains)) << "nothing is there";
  ASSERT_TRUE(make_folders(slots));
  for (const char* name :
       {"bafygone-2048-1-0.kv", "bafygone-2048-1-workers-3.kv", "bafygone2-2048-1-0.kv", "bafygone-notes.txt"})
    ASSERT_TRUE(write_file_atomic(slots / name, view_of("x")));
  ASSERT_TRUE(Measured::save(measured, "bafygone/2048/1", 7));
  ASSERT_TRUE(Measured::save(measured, "bafygone2/2048/1", 7));
  ASSERT_TRUE(KnownFits::save(fits, "bafygone/2048/1", {"engine", "fit"}));
  ASSERT_TRUE(KnownFits::save(fits, "bafygone2/2048/1", {"engine", "fit"}));
  ASSERT_TRUE(forget("bafygone", remains));
  EXPECT_FALSE(fs::exists(slots / "bafygone-2048-1-0.kv"));
  EXPECT_FALSE(fs::exists(slots / "bafygone-2048-1-workers-3.kv"));
  EXPECT_TRUE(fs::exists(slots / "bafygone2-2048-1-0.kv"));
  EXPECT_TRUE(fs::exists(slots / "bafygone-notes.txt"));
  EXPECT_FALSE(Measured(measured).peak("bafygone/2048/1"));
  EXPECT_EQ(Measured(measured).peak("bafygone2/2048/1"), 7u);
  EXPECT_EQ(KnownFits(fits).find("bafygone/2048/1", "engine").text, "");
  EXPECT_EQ(KnownFits(fits).find("bafygone2/2048/1", "engine").text, "fit");
}

}  // namespace
}  // namespace eai::engine
