#include "util/own_folder.h"

#include <algorithm>
#include <fstream>

#include <gtest/gtest.h>
#include <unistd.h>

namespace eai {
namespace {

constexpr uid_t k_other = 65534;

struct OwnFolders : ::testing::Test {
  TemporaryFolder temporary;
  const fs::path here = temporary.path();

  fs::path folder(const char* name, unsigned mode = 0700) const {
    const fs::path path = here / name;
    fs::create_directory(path);
    EXPECT_EQ(::chmod(path.c_str(), mode), 0);
    return path;
  }
  fs::path file(const char* name, const char* text = "text") const {
    std::ofstream(here / name) << text;
    return here / name;
  }
  // Something of another user: only root can make that, and everybody else finds it.
  fs::path foreign_folder() const {
    const fs::path path = folder("foreign");
    return ::lchown(path.c_str(), k_other, k_other) == 0 ? path : fs::path("/etc");
  }
  fs::path foreign_file() const {
    const fs::path path = file("foreign.txt");
    return ::lchown(path.c_str(), k_other, k_other) == 0 ? path : fs::path("/etc/passwd");
  }
  static std::string refused(const Result<OwnFolder>& opened) {
    EXPECT_FALSE(opened);
    if (opened) return "";
    EXPECT_EQ(opened.error().code, Code::invalid) << opened.error().message;
    return opened.error().message;
  }
  static unsigned mode_of(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::lstat(path.c_str(), &info), 0);
    return info.st_mode & 07777;
  }
};

TEST_F(OwnFolders, IsMadeForThisUserAlone) {
  EXPECT_EQ(OwnFolder::open(here / "a/b", Privacy::secret).error().code, Code::not_found);
  EXPECT_FALSE(fs::exists(here / "a"));
  const auto made = OwnFolder::make(here / "a/b", Privacy::secret);
  ASSERT_TRUE(made) << made.error().message;
  EXPECT_EQ(mode_of(here / "a"), 0700u);
  EXPECT_EQ(mode_of(here / "a/b"), 0700u);
  EXPECT_TRUE(OwnFolder::make(here / "a/b", Privacy::secret));
}

TEST_F(OwnFolders, OthersLoseTheRightToLookIntoASecretOne) {
  const fs::path path = folder("seen", 0755);
  EXPECT_TRUE(OwnFolder::open(path, Privacy::open));
  EXPECT_EQ(mode_of(path), 0755u);
  EXPECT_TRUE(OwnFolder::open(path, Privacy::secret));
  EXPECT_EQ(mode_of(path), 0700u);
}

TEST_F(OwnFolders, OneThatOthersCanWriteToIsRefused) {
  for (const unsigned mode : {0777u, 01777u, 0770u, 0722u, 0702u}) {
    const fs::path path = folder("wide", mode);
    EXPECT_NE(refused(OwnFolder::make(path, Privacy::secret)).find("chmod go-w"), std::string::npos) << mode;
    EXPECT_EQ(mode_of(path), mode) << "nothing was changed";
    EXPECT_EQ(OwnFolder::open(path, Privacy::open).has_value(), (mode & 2) == 0 || mode == 01777) << mode;
  }
}

TEST_F(OwnFolders, OneOfAnotherUserIsRefused) {
  const fs::path path = foreign_folder();
  EXPECT_NE(refused(OwnFolder::make(path, Privacy::secret)).find("belongs to user"), std::string::npos);
}

TEST_F(OwnFolders, OnTheWayOthersMayWriteOnlyWithTheStickyBit) {
  folder("shared", 0777);
  EXPECT_NE(refused(OwnFolder::make(here / "shared/eai", Privacy::secret)).find("chmod o-w"), std::string::npos);
  EXPECT_NE(refused(OwnFolder::make(here / "shared/eai", Privacy::open)).find("chmod o-w"), std::string::npos);
  EXPECT_FALSE(fs::exists(here / "shared/eai"));
  folder("shared", 01777);
  EXPECT_TRUE(OwnFolder::make(here / "shared/eai", Privacy::secret));
}

TEST_F(OwnFolders, LinksOfThisUserLeadOnAndThoseOfOthersDoNot) {
  folder("real");
  fs::create_directory_symlink(here / "real", here / "link");
  fs::create_directory_symlink("../link", here / "real/again");
  fs::create_directory_symlink("loop", here / "loop");
  EXPECT_TRUE(OwnFolder::make(here / "link/inner", Privacy::secret));
  EXPECT_TRUE(fs::exists(here / "real/inner"));
  EXPECT_TRUE(OwnFolder::open(here / "real/again/inner", Privacy::secret));
  EXPECT_TRUE(OwnFolder::open(here / "link", Privacy::open));
  EXPECT_NE(refused(OwnFolder::open(here / "link", Privacy::secret)).find("is a link"), std::string::npos);
  EXPECT_NE(refused(OwnFolder::open(here / "loop/a", Privacy::open)).find("nowhere"), std::string::npos);
  if (::lchown((here / "link").c_str(), k_other, k_other) != 0) return;  // only root can make another's link
  for (const char* path : {"link", "link/inner", "real/again/inner"})
    EXPECT_NE(refused(OwnFolder::open(here / path, Privacy::open)).find("has made"), std::string::npos) << path;
}

TEST_F(OwnFolders, WhatIsNoFolderIsRefused) {
  file("file");
  ASSERT_EQ(::mkfifo((here / "pipe").c_str(), 0600), 0);
  for (const char* name : {"file", "pipe", "file/inner"}) {
    EXPECT_NE(refused(OwnFolder::make(here / name, Privacy::secret)).find("is not a folder"), std::string::npos)
        << name;
  }
}

TEST_F(OwnFolders, StaysTheSameWhenAnotherOneTakesItsPlace) {
  const OwnFolder own = *OwnFolder::make(here / "run", Privacy::secret);
  ASSERT_TRUE(own.lock("lock", FileLock::Wait::no));
  EXPECT_FALSE(*own.is_locked("lock"));
  fs::rename(here / "run", here / "moved");
  folder("run");
  ASSERT_TRUE(own.write("record", view_of("mine")));
  EXPECT_EQ(own.lock("lock", FileLock::Wait::no).error().code, Code::io) << "nobody would look for it there";
  EXPECT_FALSE(own.is_locked("lock"));
  EXPECT_TRUE(fs::is_empty(here / "run"));
  EXPECT_EQ(text_of(*own.read("record", 100)), "mine");
  EXPECT_EQ(mode_of(here / "moved/record"), 0600u);
  ASSERT_TRUE(own.put_aside("record"));
  auto names = own.names();
  std::ranges::sort(names);
  EXPECT_EQ(names, (std::vector<std::string>{"lock", "record.1"}));
  EXPECT_TRUE(own.remove("record.1"));
  EXPECT_TRUE(own.remove("record.1"));
}

TEST_F(OwnFolders, FilesAreCreatedOnceAndForThisUser) {
  const OwnFolder own = *OwnFolder::make(here / "logs", Privacy::secret);
  for (const char* text : {"one", "two"}) {
    const auto log = own.open_file("log", O_WRONLY | O_CREAT | O_APPEND);
    ASSERT_TRUE(log && write_all(log->get(), view_of(text)));
    EXPECT_EQ(::fcntl(log->get(), F_GETFL) & O_NONBLOCK, 0);
  }
  EXPECT_EQ(text_of(*own.read("log", 100)), "onetwo");
  ASSERT_TRUE(own.open_file("log", O_WRONLY | O_CREAT | O_TRUNC));
  EXPECT_EQ(text_of(*own.read("log", 100)), "");
  EXPECT_EQ(own.read("none", 100).error().code, Code::not_found);
  EXPECT_FALSE(own.open_file("log", O_WRONLY | O_CREAT | O_EXCL));
}

TEST_F(OwnFolders, AFileIsNotOpenedThroughWhatWasPutInItsPlace) {
  file("target");
  fs::create_symlink(here / "target", here / "link");
  fs::create_symlink(here / "created", here / "dangling");
  fs::create_hard_link(here / "target", here / "second");
  ASSERT_EQ(::mkfifo((here / "pipe").c_str(), 0600), 0);
  folder("folder");
  std::vector<fs::path> wrong = {foreign_file()};
  for (const char* name : {"link", "dangling", "second", "pipe", "folder"}) wrong.push_back(here / name);
  for (const fs::path& path : wrong) {
    for (const int flags : {O_RDONLY, O_WRONLY | O_CREAT | O_TRUNC, O_RDWR | O_CREAT, O_WRONLY | O_APPEND}) {
      const auto opened = open_own_file(path, flags);
      ASSERT_FALSE(opened) << path << " " << flags;
      const bool tried = ::geteuid() == 0;  // root's file cannot even be opened for writing by others
      EXPECT_TRUE(!tried || opened.error().code == Code::invalid) << opened.error().message;
    }
    EXPECT_FALSE(FileLock::take(path, FileLock::Wait::yes)) << path;
  }
  EXPECT_FALSE(fs::exists(here / "created"));
  EXPECT_EQ(text_of(*read_file(here / "target", 100)), "text");
}

TEST_F(OwnFolders, OnlySettingsThatNobodyElseCanWriteAreBelieved) {
  const fs::path good = file("good.toml");
  fs::create_symlink("good.toml", here / "link.toml");
  EXPECT_TRUE(open_believable(good));
  EXPECT_TRUE(open_believable(here / "link.toml")) << "people keep such files elsewhere";
  EXPECT_TRUE(open_believable("/etc/passwd")) << "root is believed";
  EXPECT_EQ(open_believable(here / "none.toml").error().code, Code::not_found);
  EXPECT_EQ(open_believable(here / "none/none.toml").error().code, Code::not_found);
  ASSERT_EQ(::chmod(good.c_str(), 0666), 0);
  EXPECT_NE(open_believable(here / "link.toml").error().message.find("chmod go-w"), std::string::npos);
  ASSERT_EQ(::mkfifo((here / "pipe.toml").c_str(), 0600), 0);
  EXPECT_EQ(open_believable(here / "pipe.toml").error().code, Code::invalid);
  folder("wide", 0777);
  EXPECT_EQ(open_believable(file("wide/good.toml")).error().code, Code::invalid);
  const auto foreign = open_believable(foreign_file());
  EXPECT_TRUE(foreign || foreign.error().code == Code::invalid);
  EXPECT_EQ(foreign.has_value(), ::geteuid() != 0) << "root's file is believed";
}

}  // namespace
}  // namespace eai
