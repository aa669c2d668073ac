#include "api/data_uri.h"

#include <gtest/gtest.h>

#include "api/picture_testing.h"
#include "util/base64.h"

namespace eai::api {
namespace {

std::string read(std::string_view text) {
  auto bytes = read_data_uri(text);
  return bytes ? std::string(text_of(*bytes)) : "error: " + bytes.error().message;
}

TEST(DataUri, IsReadHoweverItIsSpelled) {
  for (const char* text :
       {"data:image/png;base64,aGVsbG8+Pz8/", "data:;base64,aGVsbG8+Pz8/", "data:base64,aGVsbG8+Pz8/",
        "DATA:image/png;BASE64,aGVsbG8+Pz8/", "data:image/png;charset=utf-8;base64,aGVsbG8+Pz8/",
        "data:image/png;name=a.png;Base64,aGVsbG8+Pz8/", "data: image/png ; base64 , aGVsbG8+Pz8/",
        " \n data:image/png;base64,aGVsbG8+Pz8/ \n", "data:image/png;base64,aGVs\r\nbG8+\r\nPz8/\r\n",
        "data:image/png;base64,aGVsbG8-Pz8_", "data:image/png;base64,aGVsbG8%2BPz8%2F",
        "data:image/png;base64,aGVsbG8%2bPz8%2f%0A", "data:image/png;base64,aGVsbG8+Pz8/#top", "aGVsbG8+Pz8/",
        "aGVsbG8-Pz8_", "aGVs bG8+\tPz8/\n", "data:text/plain,hello%3E%3F%3f?", "data:,hello>???"})
    EXPECT_EQ(read(text), "hello>???") << text;
}

TEST(DataUri, PaddingMayBeMissing) {
  for (const char* text : {"aGk=", "aGk", "aGk%3D", "data:;base64,aGk", "aG k =", "aGk=\n", "aGk=="})
    EXPECT_EQ(read(text), "hi") << text;
  for (const char* text : {"aA==", "aA", "aA="}) EXPECT_EQ(read(text), "h") << text;
  EXPECT_EQ(read("aGl"), "hi") << "bits that are left over count for nothing";
}

TEST(DataUri, LinesOf76AndLongOnes) {
  std::string bytes;
  for (int i = 0; i < 5000; ++i) bytes += static_cast<char>(i * 7 + i / 256);
  const std::string base64 = to_base64(bytes);
  std::string lines = "data:image/jpeg;base64,";
  for (std::size_t at = 0; at < base64.size(); at += 76) lines += base64.substr(at, 76) + "\r\n";
  EXPECT_EQ(read(lines), bytes);
  EXPECT_EQ(read(base64), bytes);
}

TEST(DataUri, APictureThatForgotToSayBase64) {
  const Bytes png = png_of(quarters(2, 2));
  EXPECT_EQ(read("data:image/png," + to_base64(text_of(png))), text_of(png));
}

TEST(DataUri, WhatIsWrongIsSaid) {
  EXPECT_EQ(read("data:image/png;base64"), "error: it is a data: URI without the comma that its data follows");
  for (const char* text : {"", "  ", "data:,", "data:image/png;base64,", "data:image/png;base64,  "})
    EXPECT_EQ(read(text), "error: it is empty") << text;
  EXPECT_EQ(read("data:image/png;base64,aGVs!G8="),
            "error: it is not base64: '!' at character 5 does not belong there");
  EXPECT_EQ(read("<base64>"), "error: it is not base64: '<' at character 1 does not belong there");
  EXPECT_EQ(read("=aGk"), "error: it is not base64: '=' at character 1 does not belong there");
  EXPECT_EQ(read("aGk=aGk="), "error: it is not base64: 'a' at character 5 does not belong there");
  EXPECT_EQ(read("aGVsb"), "error: it is not whole base64: its last character is alone");
  EXPECT_EQ(read_data_uri("aGVsb").error().code, Code::invalid);
}

}  // namespace
}  // namespace eai::api
