#include "library/search.h"

#include <fstream>

#include <gtest/gtest.h>

#include "library/bring.h"
#include "library/library_testing.h"

namespace eai::library {
namespace {

using Names = std::vector<std::string>;

Names names_of(const std::vector<Candidate>& found) {
  Names out;
  for (const Candidate& one : found) out.push_back(one.name);
  return out;
}

struct Search : LibraryTest {
  void write_catalog(const std::string& text) const {
    fs::create_directories(folders.configuration);
    std::ofstream(catalog_of(folders)) << text;
  }
  Names found(const Names& words) const { return names_of(search(candidates_of(open()), words)); }
};

TEST_F(Search, AllWordsMustOccurInAnyOrderAndCase) {
  EXPECT_EQ(found({"QWEN3", "8B"}), Names{"qwen3-8b"});
  EXPECT_EQ(found({"8b", "qwen3"}), Names{"qwen3-8b"});
  EXPECT_EQ(found({" 8b\tqwen3 "}), Names{"qwen3-8b"}) << "words of one argument";
  EXPECT_EQ(found({"qwen3", "flux"}), Names{});
  EXPECT_EQ(found({}), Names{});
  EXPECT_EQ(found({"", "  "}), Names{});
  EXPECT_EQ(found({"\xff\xfe"}), Names{});
}

TEST_F(Search, NamesComeBeforeTasksAndWholeOnesBeforeBeginnings) {
  EXPECT_EQ(found({"gemma-3-4b"}).front(), "gemma-3-4b");
  EXPECT_EQ(found({"eai-demo"}), (Names{"eai-demo", "eai-demo-embed", "eai-demo-image"}));
  EXPECT_EQ(found({"embed"}).back(), "qwen3-embedding-4b");
  const Names pictures = found({"pictures"});
  EXPECT_EQ(pictures, (Names{"eai-demo-image", "flux-dev", "flux-schnell"})) << "another word for the task";
  EXPECT_EQ(found({"4b"}).front(), "qwen3-embedding-4b") << "at the beginning of a part";
  EXPECT_EQ(found({"4b"}).back(), "gemma-3n-e4b") << "in the middle of one";
}

TEST_F(Search, AHashIsFoundByItsBeginningAndAsALink) {
  const std::string hash = "bafkreid5z4lddvv4qbgdlz2nqo6eumxwetwmkpesrumisx72k3ahq73zpy";
  EXPECT_EQ(found({hash.substr(0, 12)}), Names{"qwen3-8b"});
  EXPECT_EQ(found({"ipfs://" + hash}), Names{"qwen3-8b"});
  EXPECT_EQ(found({"https://gateway.example/ipfs/" + hash}), Names{"qwen3-8b"});
  EXPECT_EQ(found({"bafkrei"}), Names{}) << "all of them begin like that";
}

TEST_F(Search, WhatIsHereIsFoundByItsFolderAndComesFirst) {
  ship_model();
  Library library = open();
  Feed feed;
  ASSERT_TRUE(bring(library, {model.id, "tiny"}, offline(), feed, {}));
  write_catalog("[models.other-tiny]\nhash = \"" + model.id.str() + "\"\n[aliases]\nassistant = \"" + model.id.str() +
                "\"\nbig = \"qwen3-32b\"\n");
  const auto of = [&](const std::string& word) { return search(candidates_of(open()), {word}); };
  ASSERT_EQ(names_of(of("tiny")), Names{"other-tiny"}) << "one model, once";
  const Candidate tiny = of("tiny").front();
  EXPECT_EQ(tiny.presence, Presence::here);
  EXPECT_EQ(tiny.folder_name, "tiny");
  EXPECT_EQ(names_of(of("assist")), Names{"other-tiny"});
  EXPECT_EQ(of("assist").front().aliases, (Names{"assistant", "tiny"})) << "the name that it came with";
  EXPECT_EQ(names_of(of("BIG")), Names{"qwen3-32b"});
  EXPECT_EQ(of("chat").front().name, "other-tiny");
  std::ofstream(library.stored(model.id)->folder / "model.gguf") << "x";
  EXPECT_EQ(of("tiny").front().presence, Presence::damaged);
}

TEST_F(Search, NamesLikeTheWords) {
  const auto candidates = candidates_of(open());
  EXPECT_EQ(names_like(candidates, {"qwen3-8c"}).front(), "qwen3-8b");
  EXPECT_EQ(names_like(candidates, {"zzzzzzzz"}), Names{});
  EXPECT_LE(names_like(candidates, {"gemma-3", "qwen3-1", "flux-de"}).size(), 3U);
}

TEST(RoomFor, ComparesWithTheMachine) {
  const engine::Budget budget{.bytes = 10'000, .source = {}};
  const auto room = [&](std::uint64_t size, std::uint64_t ram) {
    return room_for({.id = ipld::Cid::raw_of({}), .name = "x", .size = size, .ram = ram}, budget);
  };
  EXPECT_EQ(room(0, 0), Room::unknown);
  EXPECT_EQ(room(5'000, 0), Room::unknown);
  EXPECT_EQ(room(5'000, 9'000), Room::enough);
  EXPECT_EQ(room(5'000, 12'000), Room::for_shorter_context);
  EXPECT_EQ(room(11'000, 12'000), Room::too_small);
  EXPECT_EQ(room(0, 12'000), Room::too_small);
}

}  // namespace
}  // namespace eai::library
