#include "library/doctor_machine.h"

#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace eai::library {
namespace {

struct DoctorMachine : ::testing::Test {
  fs::path program(const std::string& name, const std::string& script) const {
    fs::create_directories(folders.programs);
    const fs::path path = folders.programs / name;
    std::ofstream(path) << "#!/bin/sh\n" << script << "\n";
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  TemporaryFolder folder;
  Folders folders{.home = folder.path() / "home",
                  .run = folder.path() / "home/run",
                  .state = folder.path() / "home/logs",
                  .configuration = folder.path() / "home/config",
                  .program = folder.path() / "eai",
                  .programs = folder.path() / "libexec",
                  .shared = folder.path() / "share"};
};

TEST_F(DoctorMachine, EnginesAreLookedAtOneByOne) {
  program("llama-server", "echo 'version: 1 (abc)' >&2");
  EngineSettings settings;
  settings.image_engine = "/nonexistent/engine";
  const auto found = look_at_engines(settings, folders);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].program, "llama-server");
  EXPECT_EQ(found[0].version, "1 (abc)");
  EXPECT_FALSE(found[1].found);
  program("llama-server", "echo 'no such library' >&2; exit 127");
  const auto broken = look_at_engines({}, folders);
  ASSERT_TRUE(broken[0].found);
  ASSERT_FALSE(broken[0].version);
  EXPECT_NE(broken[0].version.error().message.find("no such library"), std::string::npos);
}

TEST_F(DoctorMachine, MemoryIsRead) {
  const MemoryFacts read = parse_meminfo(
      "MemTotal:       1000 kB\nMemFree: 7 kB\nMemAvailable:    500 kB\nSwapTotal: 20 kB\nSwapFree: 10 kB\n");
  EXPECT_EQ(read.total, 1'024'000U);
  EXPECT_EQ(read.available, 512'000U);
  EXPECT_EQ(read.swap, 20'480U);
  EXPECT_EQ(read.swap_free, 10'240U);
  EXPECT_EQ(parse_meminfo("MemTotal: x\nMem").total, 0U);
  EXPECT_GT(look_at_memory({}).budget.bytes, 0U);
}

TEST_F(DoctorMachine, TheDiskIsThatOfTheNearestFolder) {
  const auto disk = look_at_disk(folders.home / "deep/er");
  ASSERT_TRUE(disk) << disk.error().message;
  EXPECT_EQ(disk->folder, folder.path());
  EXPECT_GT(disk->total, 0U);
  EXPECT_TRUE(disk->shares_blocks) << disk->shares_blocks.error().message;
  EXPECT_TRUE(fs::is_empty(folder.path())) << "nothing is left";
  const auto read_only = look_at_disk("/proc");
  ASSERT_TRUE(read_only);
  EXPECT_FALSE(read_only->shares_blocks);
}

TEST_F(DoctorMachine, FoldersThatCannotBeUsedSayWhy) {
  for (const FolderFacts& one : look_at_folders(folders)) {
    EXPECT_FALSE(one.exists) << one.role;
    EXPECT_TRUE(one.state) << one.role;
  }
  fs::create_directories(folders.home);
  fs::permissions(folders.home, fs::perms::all);
  fs::create_directory_symlink(folder.path(), folders.run);
  const auto found = look_at_folders(folders);
  EXPECT_FALSE(found[0].state) << "everybody may write to it";
  EXPECT_FALSE(found[1].state) << "it is a link";
}

TEST_F(DoctorMachine, NoClockIsRightBeforeTheProgramWasMade) {
  EXPECT_FALSE(earliest_time(folders));
  std::ofstream(folders.program) << "x";
  ASSERT_TRUE(earliest_time(folders));
  EXPECT_GT(*earliest_time(folders), 1'700'000'000);
}

}  // namespace
}  // namespace eai::library
