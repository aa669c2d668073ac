#include "util/folders.h"

#include <cstdlib>

#include <gtest/gtest.h>
#include <pwd.h>
#include <unistd.h>

namespace eai {
namespace {

// The environment of one test, put back at its end.
class FoldersTest : public ::testing::Test {
 protected:
  FoldersTest() {
    for (const char* name : k_names) {
      const char* value = std::getenv(name);
      if (value != nullptr) before_.emplace_back(name, value);
      ::unsetenv(name);
    }
  }
  ~FoldersTest() override {
    for (const char* name : k_names) ::unsetenv(name);
    for (const auto& [name, value] : before_) ::setenv(name.c_str(), value.c_str(), 1);
  }

 private:
  static constexpr const char* k_names[] = {"EAI_HOME",        "HOME",           "XDG_DATA_HOME", "XDG_STATE_HOME",
                                            "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"};
  std::vector<std::pair<std::string, std::string>> before_;
};

TEST_F(FoldersTest, WithoutHomeTheSystemIsAsked) {
  const passwd* entry = ::getpwuid(::getuid());
  ASSERT_NE(entry, nullptr);
  const std::string home = entry->pw_dir;
  for (const char* value : {static_cast<const char*>(nullptr), ""}) {
    if (value != nullptr) ::setenv("HOME", value, 1);
    const auto folders = find_folders();
    ASSERT_TRUE(folders) << folders.error().message;
    EXPECT_TRUE(folders->home.string().starts_with(home + "/")) << folders->home;
    EXPECT_TRUE(folders->configuration.string().starts_with(home + "/")) << folders->configuration;
  }
}

TEST_F(FoldersTest, HomeBeatsTheSystemAndMustBeAbsolute) {
  ::setenv("HOME", "/some/where", 1);
  EXPECT_TRUE(find_folders()->home.string().starts_with("/some/where/"));
  ::setenv("HOME", "some/where", 1);
  const auto refused = find_folders();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("absolute"), std::string::npos);
  ::setenv("EAI_HOME", "/else/where", 1);
  EXPECT_EQ(find_folders()->home, "/else/where");
}

}  // namespace
}  // namespace eai
