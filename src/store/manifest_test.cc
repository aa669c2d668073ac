#include "store/manifest.h"

#include <gtest/gtest.h>

#include "ipld/hash.h"

namespace eai::store {
namespace {

TEST(Manifest, ComesBackAsItWas) {
  Manifest manifest{Origin::adopted,
                    std::chrono::system_clock::time_point(std::chrono::seconds(1'700'000'000)),
                    {{"model.gguf", 1ULL << 40, ipld::sha256(view_of("a"))}},
                    std::vector<StoredFile>{{"trees/0.car", 2'000'000, ipld::sha256(view_of("t"))}},
                    StoredFile{"trees/leaves", 1 << 20, ipld::sha256(view_of("l"))},
                    {"model.gguf"}};
  auto back = parse_manifest(view_of(to_json(manifest)));
  ASSERT_TRUE(back) << back.error().message;
  EXPECT_EQ(back->origin, manifest.origin);
  EXPECT_EQ(back->created, manifest.created);
  ASSERT_EQ(back->files.size(), 1u);
  EXPECT_EQ(back->files[0].size, 1ULL << 40);
  EXPECT_EQ(back->files[0].sha256, manifest.files[0].sha256);
  ASSERT_TRUE(back->trees);
  ASSERT_EQ(back->trees->size(), 1u);
  EXPECT_EQ(back->trees->at(0).name, "trees/0.car");
  EXPECT_EQ(back->trees->at(0).sha256, manifest.trees->at(0).sha256);
  ASSERT_TRUE(back->leaves);
  EXPECT_EQ(back->leaves->size, 1u << 20);
  EXPECT_EQ(back->leaves->sha256, manifest.leaves->sha256);
  EXPECT_EQ(back->damaged, manifest.damaged);
  // Kept and none needed is not the same as not kept.
  manifest.trees = std::vector<StoredFile>();
  EXPECT_TRUE(parse_manifest(view_of(to_json(manifest)))->trees);
  manifest.trees.reset();
  EXPECT_FALSE(parse_manifest(view_of(to_json(manifest)))->trees);
}

TEST(Manifest, RefusesDamage) {
  const std::string file = R"({"name":"model.gguf","size":1,"sha256":")" + std::string(64, '0') + "\"}";
  auto code = [](const std::string& json) {
    auto parsed = parse_manifest(view_of(json));
    return parsed ? std::optional<Code>() : parsed.error().code;
  };
  auto whole = [](const std::string& files) {
    return R"({"format":1,"origin":"adopted","created":1,"files":[)" + files + "]}";
  };
  EXPECT_EQ(code(whole(file)), std::nullopt);
  EXPECT_EQ(code(whole(file + "," + file)), Code::corrupt);
  EXPECT_EQ(code(whole("")), Code::corrupt);
  EXPECT_EQ(code(whole("3")), Code::corrupt);
  EXPECT_EQ(code(whole(R"({"name":"model.gguf","size":-1,"sha256":"00"})")), Code::corrupt);
  EXPECT_EQ(code(whole(R"({"name":"model.gguf","size":1,"sha256":"00"})")), Code::corrupt);
  auto marked = [&](const std::string& names) {
    return R"({"format":1,"origin":"adopted","created":1,"files":[)" + file + R"(],"damaged":)" + names + "}";
  };
  EXPECT_EQ(code(marked(R"(["model.gguf"])")), std::nullopt);
  for (const char* bad : {"3", "[3]", R"(["projector.gguf"])"}) EXPECT_EQ(code(marked(bad)), Code::corrupt) << bad;
  auto with_leaves_named = [&](const std::string& name) {
    return R"({"format":2,"origin":"adopted","created":1,"files":[)" + file + R"(],"leaves":{"name":")" + name +
           R"(","size":32,"sha256":")" + std::string(64, '0') + "\"}}";
  };
  EXPECT_EQ(code(with_leaves_named("trees/leaves")), std::nullopt);
  for (const char* bad : {"", "model.gguf", "trees/0.car", "/etc/passwd", "../leaves"})
    EXPECT_EQ(code(with_leaves_named(bad)), Code::corrupt) << bad;
  auto grown = [&](const std::string& name) {
    return R"({"format":2,"origin":"adopted","created":1,"files":[)" + file + R"(],"trees":[{"name":")" + name +
           R"(","size":1,"sha256":")" + std::string(64, '0') + "\"}]}";
  };
  for (const char* good : {"trees/0.car", "trees/12.car"}) EXPECT_EQ(code(grown(good)), std::nullopt) << good;
  for (const char* bad :
       {"model.gguf", "trees/.car", "trees/../x.car", "trees/00.car", "trees/1234567890.car", "trees/0"}) {
    EXPECT_EQ(code(grown(bad)), Code::corrupt) << bad;
  }
  for (const char* bad : {"", "[]", "{}", R"({"format":1,"origin":"x"})"}) EXPECT_EQ(code(bad), Code::corrupt) << bad;
}

// Whatever else it says: the number comes first.
TEST(Manifest, ANewerFormatIsToldAsSuch) {
  for (const char* newer : {R"({"format":3})", R"({"format":99,"origin":"elsewhere","files":{"a":1}})"}) {
    const auto parsed = parse_manifest(view_of(newer));
    ASSERT_FALSE(parsed) << newer;
    EXPECT_EQ(parsed.error().code, Code::unsupported);
    const std::string number = newer[10] == '3' ? "3" : "99";
    EXPECT_EQ(parsed.error().message,
              "it was written by a newer version of eai (format " + number + "; this one reads up to 2)");
    EXPECT_EQ(with_damage(view_of(newer), {"model.gguf"}).error().code, Code::unsupported);
  }
  for (const char* none : {R"({"format":0})", R"({"format":-1})", R"({"format":"2"})", R"({"format":1.5})"}) {
    EXPECT_EQ(parse_manifest(view_of(none)).error().code, Code::corrupt) << none;
  }
}

TEST(Manifest, WhatIsNotKnownInThisFormatIsKept) {
  const std::string text = R"({"format":1,"signed":{"by":[1,2]},"origin":"adopted","created":1,"files":[{"name":)"
                           R"("model.gguf","size":1,"layout":"tensor","sha256":")" +
                           std::string(64, '0') + R"("}],"last":null})";
  ASSERT_TRUE(parse_manifest(view_of(text)));
  const auto marked = with_damage(view_of(text), {"model.gguf"});
  ASSERT_TRUE(marked);
  EXPECT_EQ(parse_manifest(view_of(*marked))->damaged, std::vector<std::string>{"model.gguf"});
  EXPECT_NE(marked->find(R"("signed":{"by":[1,2]})"), std::string::npos) << *marked;
  EXPECT_NE(marked->find(R"("layout":"tensor")"), std::string::npos) << *marked;
  EXPECT_EQ(*with_damage(view_of(*marked), {}), text);
}

}  // namespace
}  // namespace eai::store
