#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "cli/help.h"

namespace eai::cli {
namespace {

Result<Parsed> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "eai");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

std::string error(std::vector<const char*> words) {
  auto parsed = parse(std::move(words));
  return parsed ? "" : parsed.error().message;
}

TEST(CommandLine, ModelsComeByCommaBlankAndHash) {
  auto parsed = parse({"model", "check", "a,b", "c", "--hash", "d,e"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->command->name, "check");
  EXPECT_EQ(parsed->words.models, (std::vector<std::string>{"a", "b", "c"}));
  EXPECT_EQ(parsed->words.hashes, (std::vector<std::string>{"d", "e"}));
}

TEST(CommandLine, ShortWordsMeanTheSameCommands) {
  for (const auto& [word, name] : std::vector<std::pair<const char*, std::string_view>>{{"pull", "download"},
                                                                                        {"ls", "list"},
                                                                                        {"ps", "ps"},
                                                                                        {"show", "show"},
                                                                                        {"rm", "remove"},
                                                                                        {"stop", "stop"},
                                                                                        {"cp", "alias"}}) {
    const auto brief = parse({word, "--json"}), whole = parse({"model", name.data(), "--json"});
    ASSERT_TRUE(brief) << brief.error().message;
    ASSERT_TRUE(whole) << whole.error().message;
    EXPECT_EQ(brief->command, whole->command) << word;
    EXPECT_EQ(brief->command->name, name);
    EXPECT_EQ(brief->given, whole->given);
    const std::string usage = "Usage: eai " + std::string(word) + " ";
    EXPECT_NE(parse({word, "--help"})->help.find(usage), std::string::npos) << word;
  }
  EXPECT_EQ(parse({"pull", "a,b", "--hash", "c"})->words.models, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(parse({"model", "stop", "a"})->words.models, (std::vector<std::string>{"a"}));
  EXPECT_NE(error({"pull", "--gatway", "x"}).find("did you mean --gateway? See `eai pull --help`"), std::string::npos);
  EXPECT_NE(error({"pul"}).find("did you mean pull?"), std::string::npos);
}

TEST(CommandLine, OptionsBecomeGivenSettings) {
  auto parsed = parse({"model", "list", "--all", "--json", "-q"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->given, (Given{{"list.all", {"true"}}, {"output.json", {"true"}}, {"output.quiet", {"true"}}}));
  parsed = parse({"model", "ls"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->command->name, "list");
  EXPECT_TRUE(parsed->given.empty());
}

TEST(CommandLine, JsonMayNameFields) {
  const auto fields = [](std::vector<const char*> words) { return parse(std::move(words))->words.json_fields; };
  EXPECT_EQ(fields({"ls"}), std::nullopt);
  EXPECT_EQ(fields({"ls", "--json"}), std::nullopt);
  EXPECT_EQ(fields({"ls", "--json=name,hash"}), "name,hash");
  EXPECT_EQ(fields({"ls", "--json="}), "") << "not the same as --json";
  EXPECT_EQ(fields({"ls", "--json=true"}), "true") << "a field of that name";
  EXPECT_EQ(fields({"ls", "--json=name", "--json"}), std::nullopt) << "the last one counts";
  EXPECT_EQ(parse({"ls", "--json=name"})->given, (Given{{"output.json", {"true"}}}));
  EXPECT_EQ(parse({"show", "--json", "eai-demo"})->words.models, (std::vector<std::string>{"eai-demo"}))
      << "what follows is no field";
}

TEST(CommandLine, HelpIsTextForTheCommandAsked) {
  const std::string first = parse({"--help"})->help;
  EXPECT_LT(first.find("Examples:"), first.find("  pull"));
  EXPECT_EQ(first.find("More:"), std::string::npos) << "a command is in no group, see overview.cc";
  EXPECT_NE(parse({})->help.find("Examples"), std::string::npos);
  EXPECT_NE(parse({"model"})->help.find("adopt"), std::string::npos);
  auto parsed = parse({"model", "list", "--help"});
  EXPECT_EQ(parsed->command, nullptr);
  EXPECT_NE(parsed->help.find("--all"), std::string::npos);
  EXPECT_EQ(parsed->help.find("ready-fd"), std::string::npos);
}

TEST(CommandLine, HelpFitsTheTerminalAndSaysWhatCounts) {
  for (const Command& command : commands()) {
    std::vector<const char*> words = {"eai"};
    if (!command.top) words.push_back("model");
    const std::string name(command.name);
    words.insert(words.end(), {name.c_str(), "--help"});
    const std::string help = parse_command_line(static_cast<int>(words.size()), words.data(), 80)->help;
    for (std::size_t at = 0, end = 0; (end = help.find('\n', at)) != std::string::npos; at = end + 1) {
      EXPECT_LT(end - at, 80u) << help.substr(at, end - at);
    }
  }
  const auto said = [](std::string_view key) { return help_of(*find_setting(key)); };
  EXPECT_EQ(said("server.port"), "Port to listen on; 0 takes a free one (default: 8080) [EAI_PORT]");
  EXPECT_NE(said("server.kv_cache_limit").find("(default: 4GiB)"), std::string::npos);
  EXPECT_NE(said("output.log_level").find("log: debug, info, warn, error, off (default: info)"), std::string::npos);
  const std::string help = parse({"model", "run", "--help"})->help;
  EXPECT_LT(help.find("Server:"), help.find("  --port"));
  EXPECT_LT(help.find("Downloads:"), help.find("--gateway"));
  EXPECT_EQ(help.find("{false}"), std::string::npos);
  EXPECT_EQ(help.find("\n\n\n"), std::string::npos);
  EXPECT_EQ(parse({"worker", "--help"})->help.find("Worker:"), std::string::npos) << "its own are plain options";
}

TEST(CommandLine, AWorkerIsNotBelowModel) {
  auto parsed = parse({"worker", "--port", "0"});
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_EQ(parsed->command->name, "worker");
  EXPECT_NE(parse({"worker", "--help"})->help.find("eai worker"), std::string::npos);
  EXPECT_FALSE(parse({"model", "worker"}));
  EXPECT_NE(error({"worker", "--prot", "0"}).find("`eai worker --help`"), std::string::npos);
}

TEST(CommandLine, WrongWordsAreNamed) {
  EXPECT_NE(error({"modle", "list"}).find("\"modle\"; did you mean model?"), std::string::npos);
  EXPECT_NE(error({"model", "chekc"}).find("did you mean check?"), std::string::npos);
  EXPECT_NE(error({"list"}).find("`eai model list`"), std::string::npos);
  EXPECT_NE(error({"model", "list", "--wrong"}).find("--wrong"), std::string::npos);
  EXPECT_NE(error({"model", "list", "--al"}).find("did you mean --all?"), std::string::npos);
  EXPECT_EQ(parse({"model", "list", "extra"}).error().code, Code::invalid);
}

TEST(CommandLine, EveryOptionOfACommandIsASetting) {
  for (const Command& command : commands()) {
    for (std::string_view key : command.options) {
      const Setting* setting = find_setting(key);
      ASSERT_NE(setting, nullptr) << key;
      EXPECT_NE(setting->option.find("--"), std::string_view::npos) << key;
    }
  }
}

}  // namespace
}  // namespace eai::cli
