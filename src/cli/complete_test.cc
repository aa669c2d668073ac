#include "cli/complete.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "cli/commands.h"

namespace eai::cli {
namespace {

ModelNames names() {
  return {[] {
            return std::vector<Offer>{{"here-1", "chat"}, {"here-2", "embed"}};
          },
          [] {
            return std::vector<Offer>{{"half", "unfinished"}};
          },
          [] {
            return std::vector<Offer>{{"here-1", "chat"}, {"known", "chat"}, {"od'd", "chat"}};
          },
          [] {
            return std::vector<Offer>{{"here-1", "ready"}};
          }};
}

std::vector<std::string> words_of(const Offers& offers) {
  std::vector<std::string> out;
  for (const Offer& offer : offers.words) out.push_back(offer.word);
  return out;
}

std::vector<std::string> offered(const std::vector<std::string>& words) { return words_of(offers_for(words, names())); }
using List = std::vector<std::string>;

bool has(const List& list, std::string_view word) { return std::ranges::find(list, word) != list.end(); }

TEST(Complete, CommandsAtBothLevels) {
  EXPECT_TRUE(has(offered({""}), "ls") && has(offered({""}), "model") && has(offered({""}), "image"));
  EXPECT_FALSE(has(offered({""}), "list")) << "that is below model";
  EXPECT_EQ(offered({"pu"}), (List{"pull"}));
  EXPECT_EQ(offered({"model", "esti"}), (List{"estimate"}));
  EXPECT_EQ(offered({"--v"}), (List{"--version"}));
  EXPECT_TRUE(offered({"nothing", ""}).empty());
  EXPECT_TRUE(offered({"list", ""}).empty()) << "it is `eai model list`";
  EXPECT_TRUE(offered({}).empty());
}

TEST(Complete, EveryCommandOffersItsOptions) {
  for (const Command& command : commands()) {
    List words = command.top ? List{std::string(command.name)} : List{"model", std::string(command.name)};
    words.emplace_back("--");
    const List found = offered(words);
    EXPECT_TRUE(has(found, "--help")) << command.words();
    EXPECT_FALSE(has(found, "--ready-fd"));
    for (const std::string_view key : command.options) {
      EXPECT_TRUE(has(found, find_setting(key)->long_option())) << command.words() << " " << key;
    }
  }
  EXPECT_EQ(offered({"model", "preserve", "--no-r"}), (List{"--no-resume"}));
}

TEST(Complete, ValuesOfOptions) {
  EXPECT_EQ(offered({"model", "run", "--log-level", "e"}), (List{"error"}));
  EXPECT_EQ(offered({"model", "run", "--log-level=e"}), (List{"--log-level=error"}));
  EXPECT_TRUE(offered({"model", "run", "--port", ""}).empty()) << "no model stands there";
  EXPECT_EQ(offered({"model", "run", "--port", "1", "kn"}), (List{"known"}));
  EXPECT_EQ(offered({"model", "run", "--private", "kn"}), (List{"known"})) << "a flag takes no value";
  EXPECT_EQ(offers_for({"image", "--mask", ""}, names()).paths, Offers::Paths::files);
  EXPECT_EQ(offered({"image", "-m", "kn"}), (List{"known"}));
  EXPECT_EQ(offered({"model", "check", "--json=goo"}), (List{"--json=good"}));
  EXPECT_EQ(offered({"model", "check", "--json=good,na"}), (List{"--json=good,name"}));
  EXPECT_TRUE(offered({"model", "check", "--", "--j"}).empty()) << "behind -- there are no options";
}

TEST(Complete, ModelsByTheirState) {
  EXPECT_EQ(offered({"rm", ""}), (List{"here-1", "here-2", "half"}));
  EXPECT_EQ(offered({"show", ""}), (List{"here-1", "here-2"}));
  EXPECT_EQ(offered({"stop", ""}), (List{"here-1"}));
  EXPECT_EQ(offered({"pull", ""}), (List{"here-1", "here-2", "known"})) << "each once, and none that needs quotes";
  EXPECT_EQ(offered({"pull", "known,h"}), (List{"known,here-1", "known,here-2"}));
  EXPECT_EQ(offered({"rm", "here-1", "h"}), (List{"here-2", "half"}));
  EXPECT_EQ(offered({"run", "k"}), (List{"known"}));
  EXPECT_TRUE(offered({"run", "known", "k"}).empty()) << "that is the question";
  EXPECT_TRUE(offered({"model", "check", "--hash", ""}).empty());
}

TEST(Complete, FilesAndFolders) {
  const auto paths = [](const List& words) { return offers_for(words, names()).paths; };
  EXPECT_EQ(paths({"model", "import", ""}), Offers::Paths::files);
  EXPECT_EQ(paths({"model", "adopt", ""}), Offers::Paths::folders);
  EXPECT_EQ(paths({"model", "adopt", "x", ""}), Offers::Paths::none);
  EXPECT_EQ(paths({"model", "estimate", ""}), Offers::Paths::files);
  EXPECT_EQ(paths({"rm", ""}), Offers::Paths::none);
}

TEST(Complete, SettingsAndTopics) {
  EXPECT_EQ(offered({"config", ""}), (List{"get", "set", "unset", "edit", "list", "path"}));
  EXPECT_EQ(offered({"config", "get", "server.po"}), (List{"server.port"}));
  EXPECT_EQ(offered({"config", "set", "server.private", ""}), (List{"true", "false"}));
  EXPECT_EQ(offered({"help", "exit"}), (List{"exit-codes"}));
  EXPECT_EQ(offered({"help", "model", "esti"}), (List{"estimate"}));
}

TEST(Complete, BashSplitsWordsAndReplacesOnlyTheLastPart) {
  const auto bash = [](const List& split) {
    const List joined = joined_by_bash(split);
    Offers offers = offers_for(joined, names());
    cut_for_bash(offers, joined.back(), split.back());
    return words_of(offers);
  };
  EXPECT_EQ(joined_by_bash({"pull", "--gateway", "http", ":", "//x", "k"}),
            (List{"pull", "--gateway", "http://x", "k"}));
  EXPECT_EQ(bash({"model", "check", "--json", "=", "goo"}), (List{"good"}));
  EXPECT_EQ(bash({"model", "run", "--log-level", "=", "e"}), (List{"error"}));
  EXPECT_EQ(bash({"model", "run", "--log-level", "="}), (List{"debug", "info", "warn", "error", "off"}));
  EXPECT_EQ(bash({"model", "check", "--json=goo"}), (List{"--json=good"})) << "where = breaks no words";
  EXPECT_EQ(bash({"pu"}), (List{"pull"}));
}

}  // namespace
}  // namespace eai::cli
