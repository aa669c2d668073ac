#include "util/base64.h"

#include <gtest/gtest.h>

namespace eai {
namespace {

// The vectors of RFC 4648 §10.
TEST(Base64, TheVectorsOfTheRfc) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text), bytes);
  }
}

TEST(Base64, AllBytesThereAndBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all.push_back(static_cast<char>(i));
  EXPECT_EQ(from_base64(to_base64(all)), all);
}

TEST(Base64, LinesMayBeFolded) { EXPECT_EQ(from_base64("Zm9v\r\nYm Fy"), "foobar"); }

TEST(Base64, WhatIsNoneIsRefused) {
  for (const char* text : {"Z", "Zg", "Zg=", "Zg===", "Zm9v!", "Zm9v=", "no base64!", "Zh=="})
    EXPECT_FALSE(from_base64(text)) << text;
}

}  // namespace
}  // namespace eai
