#include "library/alias.h"

#include <fstream>

#include <gtest/gtest.h>

#include "library/bring.h"
#include "library/library_testing.h"

namespace eai::library {
namespace {

struct AliasTest : LibraryTest {
  Asked demo() const { return *resolve(open(), "eai-demo"); }
  fs::path file() const { return catalog_of(folders); }
  std::string text() const { return std::string(text_of(*read_file(file(), k_mib))); }
};

TEST_F(AliasTest, IsAFurtherNameForAModel) {
  ASSERT_TRUE(set_alias(open(), "my.assistant", demo()));
  const Library library = open();
  for (const std::string word : {"my.assistant", "My.Assistant"}) {
    const auto asked = resolve(library, word);
    ASSERT_TRUE(asked) << asked.error().message;
    EXPECT_EQ(asked->id, demo().id);
    EXPECT_EQ(asked->label, "eai-demo") << "the model keeps its name";
  }
  EXPECT_EQ(resolve(library, "my.a", Typed::begun)->id, demo().id);
  EXPECT_FALSE(resolve(library, "my.a", Typed::here)) << "the model is not on this disk";
  ASSERT_TRUE(set_alias(library, "MY.assistant", *resolve(library, "qwen3-1.7b"))) << "it may be given to another one";
  EXPECT_EQ(resolve(open(), "my.assistant")->label, "qwen3-1.7b");
  ASSERT_EQ(open().catalog.aliases().size(), 1U);
  ASSERT_TRUE(remove_alias(open(), "my.assistant"));
  EXPECT_FALSE(resolve(open(), "my.assistant"));
  EXPECT_EQ(remove_alias(open(), "my.assistant").error().code, Code::not_found);
}

TEST_F(AliasTest, TheFileKeepsWhatItsOwnerWrote) {
  fs::create_directories(file().parent_path());
  const std::string mine = "# mine\n[models.other]\nhash = \"" + demo().id.str() + "\" # a hash\n";
  std::ofstream(file()) << mine << "[aliases]\nbig = \"qwen3-8b\"\n";
  fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_EQ(open().catalog.alias("big")->id, open().catalog.by_name("qwen3-8b")->id);
  ASSERT_TRUE(set_alias(open(), "small", demo()));
  EXPECT_EQ(text(), mine + "[aliases]\nsmall = \"" + demo().id.str() + "\"\nbig = \"qwen3-8b\"\n");
  ASSERT_TRUE(remove_alias(open(), "small"));
  EXPECT_EQ(text(), mine + "[aliases]\nbig = \"qwen3-8b\"\n");
}

TEST_F(AliasTest, NamesThatMeanSomethingElseAreRefused) {
  const Library library = open();
  for (const std::string name : {"", "a b", "a,b", "-x", "a/b", "x.gguf", "ipfs://x", "qwen3-8b", "QWEN3-8B", "..",
                                 "a\u202eb", "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4"}) {
    const auto set = set_alias(library, name, demo());
    ASSERT_FALSE(set) << name;
    EXPECT_EQ(set.error().code, Code::invalid) << name;
  }
  EXPECT_FALSE(set_alias(library, std::string(61, 'x'), demo()));
  EXPECT_FALSE(fs::exists(file()));
  ship_model();
  Library with_tiny = open();
  Feed feed;
  ASSERT_TRUE(bring(with_tiny, {model.id, "tiny"}, offline(), feed, {}));
  EXPECT_FALSE(set_alias(with_tiny, "Tiny", demo())) << "a folder here is called so";
}

TEST_F(AliasTest, MistakesInTheFileAreNamedWithTheirLine) {
  fs::create_directories(file().parent_path());
  for (const auto& [row, said] : std::vector<std::pair<std::string, std::string>>{
           {"big = 8", "line 2: aliases.big must be a string"},
           {"big = \"nobody\"", "line 2: aliases.big"},
           {"big = \"qwen3-8b\"\nBIG = \"qwen3-4b\"", "stands there twice"},
           {"\"\" = \"qwen3-8b\"", "is empty"}}) {
    std::ofstream(file()) << "[aliases]\n" << row << "\n";
    fs::permissions(file(), fs::perms::owner_read | fs::perms::owner_write);
    const auto library = Library::open(folders);
    ASSERT_FALSE(library) << row;
    EXPECT_NE(library.error().message.find(said), std::string::npos) << library.error().message;
  }
}

}  // namespace
}  // namespace eai::library
