#include "util/folder_entry.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace eai {
namespace {

TEST(FolderEntry, ALinkStandsForTheFileThatItLeadsTo) {
  const TemporaryFolder folder;
  const fs::path& at = folder.path();
  ASSERT_TRUE(write_file_atomic(at / "file", view_of("x")));
  fs::create_directory(at / "folder");
  fs::create_symlink("file", at / "link");
  fs::create_symlink(at / "link", at / "link to link");
  EXPECT_EQ(entry_kind(at / "file").value(), EntryKind::file);
  EXPECT_EQ(entry_kind(at / "folder").value(), EntryKind::folder);
  EXPECT_EQ(entry_kind(at / "link").value(), EntryKind::file);
  EXPECT_EQ(entry_kind(at / "link to link").value(), EntryKind::file);
}

TEST(FolderEntry, OtherLinksAreRefusedWithTheReason) {
  const TemporaryFolder folder;
  const fs::path& at = folder.path();
  fs::create_directory(at / "folder");
  ASSERT_EQ(::mkfifo((at / "pipe").c_str(), 0600), 0);
  fs::create_symlink("nowhere", at / "dangling");
  fs::create_symlink("round", at / "round");
  fs::create_symlink("folder", at / "to folder");
  fs::create_symlink("pipe", at / "to pipe");
  fs::create_symlink("/dev/null", at / "to device");
  const std::pair<const char*, const char*> refused[] = {{"dangling", "link to nowhere, which does not exist"},
                                                         {"round", "leads back to itself"},
                                                         {"to folder", "which is a folder"},
                                                         {"to pipe", "neither a file nor a folder"},
                                                         {"to device", "neither a file nor a folder"},
                                                         {"pipe", "pipe is neither a file nor a folder"}};
  for (const auto& [name, why] : refused) {
    const auto kind = entry_kind(at / name);
    ASSERT_FALSE(kind) << name;
    EXPECT_EQ(kind.error().code, Code::invalid);
    EXPECT_NE(kind.error().message.find(why), std::string::npos) << kind.error().message;
  }
  EXPECT_EQ(entry_kind(at / "nothing").error().code, Code::not_found);
}

}  // namespace
}  // namespace eai
