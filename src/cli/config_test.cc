#include "cli/config.h"

#include <fstream>
#include <set>

#include <gtest/gtest.h>

namespace eai::cli {
namespace {

struct World {
  TemporaryFolder folder;
  fs::path file = folder.path() / "config.toml";
  std::map<std::string, std::string> variables;
  Given given;

  Result<Config> load(const std::string& text = "") const {
    std::ofstream(file) << text;
    return load_config(
        file,
        [this](const char* name) {
          auto it = variables.find(name);
          return it == variables.end() ? nullptr : it->second.c_str();
        },
        given);
  }
  std::string error(const std::string& text = "") const {
    auto config = load(text);
    return config ? "" : config.error().message;
  }
};

TEST(Config, OptionBeatsVariableBeatsFileBeatsDefault) {
  World world;
  EXPECT_EQ(world.load()->port, 8080u);
  EXPECT_EQ(world.load("[server]\nport = 1\n")->port, 1u);
  world.variables["EAI_PORT"] = "2";
  EXPECT_EQ(world.load("[server]\nport = 1\n")->port, 2u);
  world.given["server.port"] = {"3"};
  EXPECT_EQ(world.load("[server]\nport = 1\n")->port, 3u);
}

TEST(Config, EveryKindOfValueComesFromEveryPlace) {
  World world;
  auto config = world.load(
      "server.memory_limit = \"24GB\"\nfetch.offline = true\nfetch.gateways = [\"http://a\", \"http://b\"]\n"
      "engines.llama_server = \"/opt/llama-server\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->memory_limit.bytes, 24'000'000'000u);
  EXPECT_TRUE(config->offline);
  EXPECT_EQ(config->gateways, (std::vector<std::string>{"http://a", "http://b"}));
  EXPECT_EQ(config->llama_server, "/opt/llama-server");

  world.variables = {{"EAI_MEMORY_LIMIT", "512 MiB"}, {"EAI_OFFLINE", "no"}, {"EAI_GATEWAYS", "http://c, http://d"}};
  config = world.load("fetch.offline = true\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->memory_limit.bytes, 512 * k_mib);
  EXPECT_FALSE(config->offline);
  EXPECT_EQ(config->gateways, (std::vector<std::string>{"http://c", "http://d"}));

  world.given["fetch.block_folders"] = {"/a,b", "/c"};
  EXPECT_EQ(world.load()->block_folders, (std::vector<std::string>{"/a,b", "/c"}));
}

TEST(Config, WrongValuesNameTheirPlace) {
  World world;
  const std::string file = world.file.string();
  EXPECT_EQ(world.error("\n[server]\nport = 65536\n"),
            file + ", line 3: server.port must be a whole number from 0 to 65535");
  EXPECT_NE(world.error("server.port = \"80\"\n").find("line 1: server.port must be"), std::string::npos);
  EXPECT_NE(world.error("server.port = -1\n").find("must be a whole number"), std::string::npos);
  EXPECT_NE(world.error("fetch.offline = 1\n").find("must be true or false"), std::string::npos);
  EXPECT_NE(world.error("fetch.gateways = [1]\n").find("line 1: a list holds text"), std::string::npos);
  EXPECT_NE(world.error("output.log_level = \"loud\"\n").find("debug, info, warn, error or off"), std::string::npos);
  EXPECT_NE(world.error("server.port = 1979-05-27\n").find("date"), std::string::npos);
  world.variables["EAI_PORT"] = "http";
  EXPECT_EQ(world.error(), "EAI_PORT is \"http\", but must be a whole number from 0 to 65535");
  world.given["output.quiet"] = {"maybe"};
  world.variables.clear();
  EXPECT_EQ(world.error(), "--quiet is \"maybe\", but must be true or false");
}

TEST(Config, UnknownKeysAreErrorsWithNearNames) {
  World world;
  EXPECT_NE(world.error("[server]\nprot = 1\n").find("line 2: unknown key server.prot; did you mean server.port?"),
            std::string::npos);
  EXPECT_NE(world.error("port = 1\n").find("did you mean server.port?"), std::string::npos);
  EXPECT_NE(world.error("xyzzy = 1\n").find("unknown key xyzzy"), std::string::npos);
}

TEST(Config, KeysVariablesAndOptionsAreUnique) {
  std::set<std::string_view> keys, variables;
  for (const Setting& setting : settings()) {
    EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    EXPECT_TRUE(variables.insert(setting.variable).second) << setting.variable;
    EXPECT_TRUE(setting.variable.starts_with("EAI_")) << setting.variable;
    EXPECT_FALSE(setting.help.empty());
  }
}

TEST(Config, EverySettingIsInTheDocument) {
  auto bytes = read_file(EAI_SOURCE_DIR "/docs/configuration.md", k_mib);
  ASSERT_TRUE(bytes) << bytes.error().message;
  for (const Setting& setting : settings()) {
    std::string row = "| `" + std::string(setting.key) + "` | `" + std::string(setting.variable) + "` |";
    EXPECT_NE(text_of(*bytes).find(row), std::string::npos)
        << "docs/configuration.md lacks " << row << " … | " << setting.help << " |";
  }
}

}  // namespace
}  // namespace eai::cli
