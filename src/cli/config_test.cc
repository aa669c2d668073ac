#include "cli/config.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "cli/help.h"
#include "cli/model_settings.h"

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
  EXPECT_EQ(world.load()->server.port, 8080u);
  EXPECT_EQ(world.load("[server]\nport = 1\n")->server.port, 1u);
  world.variables["EAI_PORT"] = "2";
  EXPECT_EQ(world.load("[server]\nport = 1\n")->server.port, 2u);
  world.given["server.port"] = {"3"};
  EXPECT_EQ(world.load("[server]\nport = 1\n")->server.port, 3u);
}

TEST(Config, EveryKindOfValueComesFromEveryPlace) {
  World world;
  auto config = world.load(
      "server.memory_limit = \"24GB\"\nfetch.offline = true\nfetch.gateways = [\"http://a\", \"http://b\"]\n"
      "engines.llama_server = \"/opt/llama-server\"\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.memory_limit.bytes, 24'000'000'000u);
  EXPECT_TRUE(config->fetch.offline);
  EXPECT_EQ(config->fetch.gateways, (std::vector<std::string>{"http://a", "http://b"}));
  EXPECT_EQ(config->engines.llama_server, "/opt/llama-server");

  world.variables = {{"EAI_MEMORY_LIMIT", "512 MiB"}, {"EAI_OFFLINE", "no"}, {"EAI_GATEWAYS", "http://c, http://d"}};
  config = world.load("fetch.offline = true\n");
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->server.memory_limit.bytes, 512 * k_mib);
  EXPECT_FALSE(config->fetch.offline);
  EXPECT_EQ(config->fetch.gateways, (std::vector<std::string>{"http://c", "http://d"}));

  world.given["fetch.block_folders"] = {"/a,b", "/c"};
  EXPECT_EQ(world.load()->fetch.block_folders, (std::vector<std::string>{"/a,b", "/c"}));
}

TEST(Config, AnAddressWithALoginIsRefusedAndNotTold) {
  const std::string url = "https://user:ge,heim@host";
  for (const char* variable : {"EAI_GATEWAYS", "EAI_PRESERVE_TO", "EAI_KUBO_API", "EAI_LIGHTHOUSE_UPLOAD",
                               "EAI_LIGHTHOUSE_API", "EAI_LIGHTHOUSE_GATEWAY", "EAI_AUDIT_HOMES"}) {
    World world;
    world.variables[variable] = url;
    const std::string error = world.error();
    EXPECT_TRUE(error.starts_with(std::string(variable) + " holds a user name or password")) << error;
    EXPECT_EQ(error.find("heim"), std::string::npos) << error;
  }
  World world;
  const std::string in_file = world.error("fetch.gateways = [\"https://a\", \"" + url + "\"]\n");
  EXPECT_NE(in_file.find("fetch.gateways holds a user name or password"), std::string::npos) << in_file;
  world.given["preserve.to"] = {"kubo:" + url};
  EXPECT_TRUE(world.error().starts_with("--to holds a user name or password")) << world.error();
  world.given["preserve.to"] = {"car:/tmp/a@b.car"};
  EXPECT_EQ(world.error(), "");
}

TEST(Config, WrongValuesNameTheirPlace) {
  World world;
  const std::string file = world.file.string();
  EXPECT_EQ(world.error("\n[server]\nport = 65536\n"),
            file + ", line 3: server.port must be a whole number from 0 to 65535");
  EXPECT_NE(world.error("server.port = \"80\"\n").find("line 1: server.port must be"), std::string::npos);
  EXPECT_NE(world.error("server.port = -1\n").find("must be a whole number"), std::string::npos);
  EXPECT_NE(world.error("fetch.offline = 1\n").find("must be true or false"), std::string::npos);
  EXPECT_NE(world.error("fetch.gateways = [1]\n").find("line 1: a list may contain only strings"), std::string::npos);
  EXPECT_NE(world.error("output.log_level = \"loud\"\n").find("debug, info, warn, error or off"), std::string::npos);
  EXPECT_NE(world.error("server.port = 1979-05-27\n").find("date"), std::string::npos);
  world.variables["EAI_PORT"] = "http";
  EXPECT_EQ(world.error(), "EAI_PORT is \"http\", but must be a whole number from 0 to 65535");
  world.given["output.quiet"] = {"maybe"};
  world.variables.clear();
  EXPECT_EQ(world.error(), "--quiet is \"maybe\", but must be true or false");
}

TEST(Config, HostsAndOriginsAreMadeCanonical) {
  World world;
  auto config = world.load(
      "server.allow_origins = [\"HTTPS://Chat.Example:443/\", \"http://localhost:*\", \"chrome-extension://*\"]\n"
      "server.allow_hosts = [\"http://Box.Example:8080/v1\", \"*.Lab.Example\"]\n");
  ASSERT_TRUE(config) << config.error().message;
  const std::vector<std::string> origins{"https://chat.example", "http://localhost:*", "chrome-extension://*"};
  EXPECT_EQ(config->server.allow_origins, origins);
  EXPECT_EQ(config->server.allow_hosts, (std::vector<std::string>{"box.example", "*.lab.example"}));
  world.variables["EAI_ALLOW_ORIGINS"] = "null, https://x.example/";
  EXPECT_EQ(world.load()->server.allow_origins, (std::vector<std::string>{"null", "https://x.example"}));
}

TEST(Config, HostsAndOriginsThatCannotBeAreRefused) {
  World world;
  EXPECT_NE(world.error("\nserver.allow_origins = [\"chat.example\"]\n")
                .find("line 2: server.allow_origins: no page can have the origin \"chat.example\": an origin begins "
                      "with a scheme; "
                      "write https://chat.example"),
            std::string::npos);
  EXPECT_NE(world.error("server.allow_hosts = [\"a b\"]\n").find("is not the name of a host"), std::string::npos);
  EXPECT_NE(world.error("server.allow_hosts = [\"*\"]\n").find("API keys"), std::string::npos);
  world.variables["EAI_ALLOW_ORIGINS"] = "https://a.example/app";
  EXPECT_NE(world.error().find("EAI_ALLOW_ORIGINS: "), std::string::npos) << world.error();
  world.variables.clear();
  world.given["server.allow_origins"] = {"https://a.example,https://b.example"};
  EXPECT_NE(world.error().find("--allow-origin: "), std::string::npos) << world.error();
}

TEST(Config, UnknownKeysAreErrorsWithNearNames) {
  World world;
  EXPECT_NE(world.error("[server]\nprot = 1\n").find("line 2: unknown key server.prot; did you mean server.port?"),
            std::string::npos);
  EXPECT_NE(world.error("port = 1\n").find("did you mean server.port?"), std::string::npos);
  EXPECT_NE(world.error("xyzzy = 1\n").find("unknown key xyzzy"), std::string::npos);
}

TEST(Config, SettingsOfOneModel) {
  World world;
  auto config = world.load(
      "[models.\"qwen3-8b\"]\ncontext_length = 4096\nparallel = 2\npinned = true\nidle_timeout = 0\n"
      "lora = [\"a.gguf\", \"/b/c.gguf:-0.5\"]\ndraft = \"qwen3-1.7b\"\n"
      "engine_options = [\"--temp\", \"0.1\", \"--no-warmup\"]\n\n[models.other]\npinned = true\n");
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->models.size(), 2u);
  const bool first_is_other = config->models[0].model == "other";
  const ModelSettings& model = config->models[first_is_other ? 1 : 0];
  EXPECT_EQ(model.model, "qwen3-8b");
  EXPECT_EQ(model.context_length, 4096u);
  EXPECT_EQ(model.parallel, 2u);
  EXPECT_EQ(model.idle_timeout, 0u);
  EXPECT_TRUE(model.pinned);
  EXPECT_EQ(model.lora, (std::vector<std::string>{"a.gguf", "/b/c.gguf:-0.5"}));
  EXPECT_EQ(model.draft, "qwen3-1.7b");
  EXPECT_EQ(model.engine_options, (std::vector<std::string>{"--temp", "0.1", "--no-warmup"}));
  EXPECT_EQ(model.fail_at_key("draft", {Code::invalid, "no"}).value().message, world.file.string() + ", line 7: no");
}

TEST(Config, WhatIsGivenForAllModelsBeatsTheFileForOne) {
  World world;
  const std::string text = "[models.a]\ncontext_length = 4096\nparallel = 2\n";
  world.given["server.context_length"] = {"8192"};
  auto config = world.load(text);
  EXPECT_FALSE(config->models.front().context_length);
  EXPECT_EQ(config->models.front().parallel, 2u);
  world.variables["EAI_PARALLEL"] = "3";
  EXPECT_FALSE(world.load(text)->models.front().parallel);
}

TEST(Config, WrongSettingsOfAModelNameTheirLine) {
  World world;
  const auto wrong = [&](const std::string& line, const std::string& said) {
    const std::string error = world.error("[models.\"a\"]\n" + line + "\n");
    EXPECT_EQ(error.find(world.file.string() + ", line 2: "), 0u) << line << ": " << error;
    EXPECT_NE(error.find(said), std::string::npos) << line << ": " << error;
  };
  wrong("context_length = \"long\"", "models.a.context_length must be a whole number from 0 to 16777216");
  wrong("parallel = 257", "from 0 to 256");
  wrong("idle_timeout = -1", "whole number");
  wrong("pinned = 1", "true or false");
  wrong("lora = \"a.gguf\"", "a list of strings");
  wrong("lora = [\"a.gguf:strong\"]", "not \"a.gguf:strong\"");
  wrong("lora = [\"a.gguf,b.gguf\"]", "not \"a.gguf,b.gguf\"");
  wrong("draft = []", "a file, a name or a hash");
  wrong("engine_options = [\"--host\", \"0.0.0.0\"]", "\"--host\" is not an engine option that may be set");
  wrong("engine_options = [\"--tempp\", \"1\"]", "did you mean --temp?");
  wrong("engine_options = \"--temp 1\"", "a list of strings");
  wrong("pined = true", "unknown key models.a.pined; did you mean pinned?");
  EXPECT_NE(world.error("models.a = 1\n").find("line 1: unknown key models.a;"), std::string::npos);
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

// "`-q`, `--quiet`" of "-q,--quiet", "`--keep`, `--no-keep`" of "--keep,!--no-keep".
std::string options_cell(std::string_view option) {
  std::string out;
  while (!option.empty()) {
    std::string_view word = option.substr(0, option.find(','));
    option.remove_prefix(std::min(option.size(), word.size() + 1));
    if (word.starts_with('!')) word.remove_prefix(1);
    out += (out.empty() ? "`" : ", `") + std::string(word) + "`";
  }
  return out;
}

// What --help says about a setting, as a row of docs/configuration.md.
std::string document_row(const Setting& setting) {
  const std::string usual = default_of(setting);
  std::string help(setting.help), choices;
  for (std::string_view choice : setting.choices)
    if (!choice.empty()) choices += (choices.empty() ? ": " : ", ") + std::string(choice);
  // "<name>" would be an HTML tag.
  for (std::size_t at = 0; (at = help.find('<', at)) != std::string::npos; ++at) help.replace(at, 1, "&lt;");
  return "| `" + std::string(setting.key) + "` | `" + std::string(setting.variable) + "` | " +
         options_cell(setting.option) + (setting.option.empty() ? "| " : " | ") +
         (usual.empty()           ? "none"
          : setting.usual.empty() ? "`" + usual + "`"
                                  : usual) +
         " | " + help + choices + " |";
}

TEST(Config, TheDocumentHasTheSameTable) {
  const auto bytes = read_file(EAI_SOURCE_DIR "/docs/configuration.md", k_mib);
  ASSERT_TRUE(bytes) << bytes.error().message;
  std::string rows, documented;
  for (const Setting& setting : settings()) rows += document_row(setting) + "\n";
  for (const ModelKey& key : model_keys())
    rows += "| `" + std::string(key.key) + "` | " + std::string(key.help) + " |\n";
  std::istringstream lines{std::string(text_of(*bytes))};
  for (std::string line; std::getline(lines, line);)
    if (line.starts_with("| `")) documented += line + "\n";
  EXPECT_EQ(documented, rows);
}

}  // namespace
}  // namespace eai::cli
