#include "cli/image_files.h"

#include <gtest/gtest.h>

namespace eai::cli {
namespace {

// File names without a folder stand in the one that the test runs in.
class PictureNames : public ::testing::Test {
 protected:
  void SetUp() override {
    before_ = fs::current_path();
    fs::current_path(folder_.path());
  }
  void TearDown() override { fs::current_path(before_); }
  static void make(const fs::path& path) { ASSERT_TRUE(write_file_atomic(path, view_of("x"))); }

  TemporaryFolder folder_;
  fs::path before_;
};

TEST(NameFromPrompt, LettersDigitsAndDashes) {
  EXPECT_EQ(name_from_prompt("a red circle, on white!"), "a-red-circle-on-white");
  EXPECT_EQ(name_from_prompt("../../etc/passwd"), "etc-passwd");
  EXPECT_EQ(name_from_prompt("ねこ"), "picture");
  EXPECT_EQ(name_from_prompt(std::string(500, 'x')).size(), 60U);
}

TEST(FormatOfName, TheEndingTells) {
  EXPECT_EQ(*format_of_name("a.PNG"), "png");
  EXPECT_EQ(*format_of_name("b/a.jpg"), "jpeg");
  EXPECT_EQ(*format_of_name("a.webp"), "webp");
  EXPECT_EQ(*format_of_name("a"), "");
  EXPECT_FALSE(format_of_name("a.gif"));
}

TEST_F(PictureNames, ANewNameIsFoundBesideOldOnes) {
  using Names = std::vector<fs::path>;
  EXPECT_EQ(*picture_names("", "A cat", "jpeg", 1, Replace::no), Names{"a-cat.jpg"});
  make("a-cat.jpg");
  EXPECT_EQ(*picture_names("", "A cat", "jpeg", 1, Replace::no), Names{"a-cat-2.jpg"});
  EXPECT_EQ(*picture_names("", "A dog", "png", 2, Replace::no), (Names{"a-dog-1.png", "a-dog-2.png"}));
  make("a-dog-2.png");
  EXPECT_EQ(*picture_names("", "A dog", "png", 2, Replace::no), (Names{"a-dog-2-1.png", "a-dog-2-2.png"}));
}

TEST_F(PictureNames, ANameOfTheUsersIsNeverReplacedUnasked) {
  make("x.png");
  auto refused = picture_names("x.png", "", "png", 1, Replace::no);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message.find("--force"), std::string::npos);
  EXPECT_TRUE(picture_names("x.png", "", "png", 1, Replace::yes));
  EXPECT_EQ(picture_names("x.png", "", "png", 2, Replace::no)->back(), "x-2.png");
  fs::create_symlink("nowhere", "link.png");
  EXPECT_FALSE(picture_names("link.png", "", "png", 1, Replace::no)) << "a link to nothing is there too";
  EXPECT_EQ(picture_names("no/such/x.png", "", "png", 1, Replace::no).error().code, Code::not_found);
  EXPECT_FALSE(picture_names(".", "", "png", 1, Replace::no));
}

}  // namespace
}  // namespace eai::cli
