#include "cli/config_file.h"

#include <fstream>
#include <iterator>

#include <boost/json/serialize.hpp>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace eai::cli {
namespace {

struct ConfigFile : ::testing::Test {
  TemporaryFolder folder;
  fs::path file = folder.path() / "eai" / "config.toml";

  std::string text() const {
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& text) const {
    fs::create_directories(file.parent_path());
    std::ofstream(file) << text;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
  }
  std::string set(std::string_view key, const std::vector<std::string>& values) const {
    const auto done = set_in_file(file, **known_setting(key), values);
    return done ? "" : done.error().message;
  }
  static const char* nothing(const char*) { return nullptr; }
};

TEST_F(ConfigFile, IsMadeWhenTheFirstSettingIsChangedAndIsPrivate) {
  EXPECT_EQ(set("server.port", {"8099"}), "");
  EXPECT_EQ(text(), "[server]\nport = 8099\n");
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(load_config(file, nothing, {})->server.port, 8099U);
}

TEST_F(ConfigFile, EachKindOfValueIsWrittenAsItsKind) {
  EXPECT_EQ(set("fetch.offline", {"yes"}), "");
  EXPECT_EQ(set("server.memory_limit", {"24GB"}), "");
  EXPECT_EQ(set("fetch.gateways", {"https://a.example", "https://b.example"}), "");
  EXPECT_EQ(set("server.host", {"127.0.0.1"}), "");
  const Config config = *load_config(file, nothing, {});
  EXPECT_TRUE(config.fetch.offline);
  EXPECT_EQ(config.server.memory_limit.bytes, 24'000'000'000U);
  EXPECT_EQ(config.fetch.gateways.size(), 2U);
  EXPECT_EQ(config.server.host, "127.0.0.1");
  EXPECT_EQ(set("fetch.gateways", {}), "") << "an empty list";
  EXPECT_TRUE(load_config(file, nothing, {})->fetch.gateways.empty());
}

TEST_F(ConfigFile, CommentsAndTheRestStay) {
  write("# mine\n[server]\nport = 1 # once\n\n[models.\"x y\"]\npinned = true\n");
  EXPECT_EQ(set("server.port", {"2"}), "");
  EXPECT_EQ(text(), "# mine\n[server]\nport = 2 # once\n\n[models.\"x y\"]\npinned = true\n");
  ASSERT_TRUE(unset_in_file(file, **known_setting("server.port")));
  ASSERT_TRUE(unset_in_file(file, **known_setting("fetch.offline")));
  EXPECT_EQ(text(), "# mine\n[server]\n\n[models.\"x y\"]\npinned = true\n");
}

TEST_F(ConfigFile, WhatCannotBeUsedIsNotWritten) {
  write("[server]\nport = 1\n");
  EXPECT_NE(set("server.port", {"70000"}).find("from 0 to 65535"), std::string::npos);
  EXPECT_NE(set("server.port", {"1", "2"}).find("one value"), std::string::npos);
  EXPECT_NE(set("output.log_level", {"loud"}).find("must be"), std::string::npos);
  EXPECT_NE(set("fetch.gateways", {"https://user:secret@a.example"}), "");
  EXPECT_NE(set("server.api_keys", {"secret"}).find("does not belong on a command line"), std::string::npos);
  EXPECT_NE(set("server.allow_hosts", {"a b"}).find("not the name of a host"), std::string::npos);
  EXPECT_EQ(text(), "[server]\nport = 1\n");
  write("[server]\nport = 1\nprot = 2\n");
  const std::string why = set("server.host", {"::1"});
  EXPECT_NE(why.find("nothing was changed"), std::string::npos) << why;
  EXPECT_NE(why.find(file.string() + ", line 4: unknown key server.prot"), std::string::npos) << why;
  EXPECT_EQ(text(), "[server]\nport = 1\nprot = 2\n");
  write("[server\n");
  EXPECT_NE(set("server.port", {"1"}).find(file.string() + ": line 1"), std::string::npos);
}

TEST_F(ConfigFile, ALinkStaysALink) {
  write("");
  fs::rename(file, folder.path() / "real.toml");
  fs::create_symlink(folder.path() / "real.toml", file);
  EXPECT_EQ(set("server.port", {"2"}), "");
  EXPECT_TRUE(fs::is_symlink(file));
  EXPECT_EQ(text(), "[server]\nport = 2\n");
}

TEST_F(ConfigFile, SaysWhereAValueIsFrom) {
  write("[server]\nport = 2\n");
  const auto variable = [](const char* name) { return std::string_view(name) == "EAI_HOST" ? "::1" : nullptr; };
  const Config alone = *load_config(file, nothing, {}), all = *load_config(file, variable, {});
  const auto shown = [&](std::string_view key) { return shown_setting(**known_setting(key), all, alone, variable); };
  EXPECT_EQ(shown("server.port").value, 2);
  EXPECT_EQ(shown("server.port").from, "config.toml");
  EXPECT_EQ(shown("server.host").value, "::1");
  EXPECT_EQ(shown("server.host").from, "EAI_HOST");
  EXPECT_EQ(shown("server.parallel").from, "default");
  write("[server]\napi_keys = [\"secret-key\"]\n");
  const Config keys = *load_config(file, nothing, {});
  EXPECT_EQ(boost::json::serialize(shown_setting(**known_setting("server.api_keys"), keys, keys, nothing).value),
            "\"(1, not shown)\"");
  EXPECT_NE(known_setting("server.prot").error().message.find("server.port"), std::string::npos);
  EXPECT_NE(known_setting("prot").error().message.find("\"prot\""), std::string::npos);
}

}  // namespace
}  // namespace eai::cli
