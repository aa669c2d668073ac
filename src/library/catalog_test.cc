#include "library/catalog.h"

#include <fstream>

#include <gtest/gtest.h>

#include "ipld/hash.h"
#include "util/text.h"

namespace eai::library {
namespace {

struct CatalogFile {
  TemporaryFolder folder;
  fs::path path = folder.path() / "catalog.toml";
  Result<Catalog> load(const std::string& text) const {
    std::ofstream(path) << text;
    return Catalog::load(path);
  }
};

constexpr const char* k_hash = "bafkreifz7q6ee5z7matbenlatw3ofwnuqqlmvibgyni6fw47e3jye5lmj4";

TEST(Catalog, KnowsThePreservedAndTheShippedModels) {
  auto catalog = Catalog::load("/nonexistent/catalog.toml");
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->entries().size(), 19u);
  const CatalogEntry* entry = catalog->by_name("QWEN3-1.7b");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->id.str(), "bafkreib6pws5dx5ur6exbhulmf35twfcizdkxvup4cklzprlvaervfz5zy");
  EXPECT_EQ(catalog->by_id(entry->id), entry);
  EXPECT_EQ(catalog->by_name("qwen3"), nullptr);
  for (const CatalogEntry& one : catalog->entries()) {
    EXPECT_EQ(catalog->by_id(one.id)->name, one.name) << "two names for one hash";
    EXPECT_TRUE(one.family.empty() || !sampling_arguments(one.family).empty()) << one.name;
  }
}

TEST(Catalog, ShippedModelsNameThemselves) {
  TemporaryFolder blocks;
  const ByteView part = view_of("the bytes of its only part");
  const std::string metadata =
      R"({"folder_name":"painter","chunk_size_mb":1,"task":"image-generation","ram":0.5,"files":[{"cid":")" +
      ipld::Cid::raw_of(part).str() + R"(","file_hash":")" + to_hex(ipld::sha256(part)) + R"(","size_mb":)" +
      std::to_string(static_cast<double>(part.size()) / (1 << 20)) +
      R"(,"file_name":"painter.zip.part-aa"}],"num_of_files":1})";
  const ipld::Cid id = ipld::Cid::raw_of(view_of(metadata));
  std::ofstream(blocks.path() / id.str()) << metadata;
  std::ofstream(blocks.path() / ipld::Cid::raw_of(view_of("{}")).str()) << "{}";
  std::ofstream(blocks.path() / "README") << "{";
  std::ofstream(blocks.path() / k_hash) << metadata;  // whatever it says, this hash has a name
  auto catalog = Catalog::load("/nonexistent/catalog.toml", blocks.path());
  ASSERT_TRUE(catalog);
  EXPECT_EQ(catalog->entries().size(), 20U);
  const CatalogEntry* found = catalog->by_name("painter");
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->task, model::Task::image_generation);
  EXPECT_TRUE(found->shipped);
  EXPECT_TRUE(catalog->by_name("eai-demo")->shipped);
  EXPECT_FALSE(catalog->by_name("qwen3-8b")->shipped);
}

TEST(Catalog, TheFileAddsAndReplaces) {
  CatalogFile file;
  auto catalog = file.load(std::string("[models.mine]\nhash = \"") + k_hash +
                           "\"\ntask = \"embed\"\nsize_gb = 2\nram_gb = 1.5\nfamily = \"lfm2\"\n" +
                           "[models.\"Qwen3-1.7b\"]\nhash = \"" + k_hash + "\"\n");
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->entries().size(), 20u);
  const CatalogEntry* mine = catalog->by_name("mine");
  ASSERT_NE(mine, nullptr);
  EXPECT_EQ(mine->task, model::Task::embed);
  EXPECT_EQ(mine->size_gb, 2);
  EXPECT_EQ(mine->ram_gb, 1.5);
  EXPECT_EQ(catalog->by_name("qwen3-1.7b")->id.str(), k_hash);
}

TEST(Catalog, WhatTheFileSaysOfAKnownModelCounts) {
  CatalogFile file;
  const std::string flux = Catalog::load({}, {})->by_name("flux-dev")->id.str();
  auto catalog = file.load("[models.painter]\nfamily = \"qwen3\"\nhash = \"" + flux + "\"\nram_gb = 7\n");
  ASSERT_TRUE(catalog) << catalog.error().message;
  const CatalogEntry* mine = catalog->by_id(*ipld::Cid::parse(flux));
  ASSERT_NE(mine, nullptr);
  EXPECT_EQ(mine->name, "painter");
  EXPECT_EQ(mine->family, "qwen3");
  EXPECT_EQ(mine->ram_gb, 7);
  EXPECT_EQ(mine->size_gb, 32) << "what the file does not say is as it was";
  EXPECT_EQ(mine->task, model::Task::image_generation);
}

TEST(Catalog, ErrorsNameFileAndLine) {
  CatalogFile file;
  auto error = [&](const std::string& text) {
    auto catalog = file.load(text);
    return catalog ? "" : catalog.error().message;
  };
  const std::string here = file.path.string();
  EXPECT_EQ(error("[models.a]\ntask = \"chat\"\n"), here + ", line 2: models.a has no hash");
  EXPECT_NE(error("[models.a]\nhash = \"bafkrei0\"\n").find("line 2: models.a.hash: "), std::string::npos);
  EXPECT_NE(error("[models.a]\n\nhahs = \"x\"\n").find("line 3: unknown key models.a.hahs; did you mean hash?"),
            std::string::npos);
  EXPECT_NE(error("[model.a]\nhash = \"x\"\n").find("line 2: unknown key model.a.hash"), std::string::npos);
  EXPECT_NE(error("[models.a]\nsize_gb = \"2\"\n").find("number of gigabytes"), std::string::npos);
  EXPECT_NE(error("[models.a]\nfamily = \"gpt\"\n").find("must be one of qwen3"), std::string::npos);
  EXPECT_NE(error("[models.a\n").find("line 1"), std::string::npos);
}

TEST(Catalog, FamiliesGiveTheirSampling) {
  EXPECT_EQ(family_of("Qwen3-8B-q8"), "qwen3");
  EXPECT_EQ(family_of("qwen3-embedding-4b"), "");
  EXPECT_EQ(family_of("gemma-3n-e4b"), "gemma-3n");
  EXPECT_EQ(family_of("gemma-3-4b-it-q4"), "gemma-3");
  EXPECT_EQ(family_of("my-qwen3"), "");
  EXPECT_EQ(sampling_arguments("lfm2"),
            (std::vector<std::string>{"--temp", "0.3", "--min-p", "0.15", "--repeat-penalty", "1.05"}));
  EXPECT_TRUE(sampling_arguments("").empty());
}

}  // namespace
}  // namespace eai::library
