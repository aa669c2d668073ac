#include "util/text.h"

#include <gtest/gtest.h>

namespace eai {
namespace {

TEST(Text, HexGoesBothWays) {
  EXPECT_EQ(to_hex(Bytes{0x00, 0xab, 0xff}), "00abff");
  EXPECT_EQ(from_hex("00ABff"), (Bytes{0x00, 0xab, 0xff}));
  EXPECT_FALSE(from_hex("abc"));
  EXPECT_FALSE(from_hex("zz"));
}

TEST(Text, BytesForPeople) {
  EXPECT_EQ(human_bytes(0), "0 B");
  EXPECT_EQ(human_bytes(999), "999 B");
  EXPECT_EQ(human_bytes(1000), "1.00 kB");
  EXPECT_EQ(human_bytes(999'600), "1.00 MB");
  EXPECT_EQ(human_bytes(1'830'000'000), "1.83 GB");
  EXPECT_EQ(human_bytes(15'700'000'000), "15.7 GB");
}

TEST(Text, DurationsForPeople) {
  using std::chrono::seconds;
  EXPECT_EQ(human_duration(seconds(0)), "0 s");
  EXPECT_EQ(human_duration(seconds(80)), "1 min 20 s");
  EXPECT_EQ(human_duration(seconds(7500)), "2 h 5 min");
  EXPECT_EQ(human_duration(seconds(-5)), "0 s");
}

TEST(Text, NearNamesFindTypos) {
  std::vector<std::string> names = {"qwen3-8b", "qwen3-1.7b", "gemma-3-4b", "flux-dev"};
  EXPECT_EQ(near_names("qwen-8b", names).front(), "qwen3-8b");
  EXPECT_EQ(near_names("flux", names).front(), "flux-dev");
  EXPECT_EQ(near_names("QWEN3-8", names).front(), "qwen3-8b");
  EXPECT_TRUE(near_names("mixtral-8x22b", names).empty());
}

TEST(Text, LowerChangesAsciiLettersOnly) {
  EXPECT_EQ(lower("Content-TYPE [@`{]"), "content-type [@`{]");
  EXPECT_EQ(lower("Größe\xc4\xff"), "größe\xc4\xff");
}

TEST(Text, PrintableTakesTheSting) {
  EXPECT_EQ(printable("a\x1b[31mb\n"), "a?[31mb?");
  EXPECT_EQ(printable("\xc2\x9b"
                      "31m"),
            "?31m");
  EXPECT_EQ(printable("\xff\xfe"), "??");
  EXPECT_EQ(printable("größe"), "größe");
  EXPECT_EQ(printable("abcdef", 3), "abc…");
}

TEST(Text, Utf8) {
  EXPECT_TRUE(is_valid_utf8("größe \xf0\x9f\x9a\x80"));
  EXPECT_FALSE(is_valid_utf8("\xc0\xaf"));          // overlong
  EXPECT_FALSE(is_valid_utf8("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(is_valid_utf8("\xf4\x90\x80\x80"));  // above U+10FFFF
  EXPECT_FALSE(is_valid_utf8("\xe2\x82"));          // cut
}

TEST(Text, NumbersAreStrict) {
  EXPECT_EQ(parse_u64("18446744073709551615"), UINT64_MAX);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "1e3"}) EXPECT_FALSE(parse_u64(bad));
}

TEST(Text, ShortenedKeepsBothEnds) {
  EXPECT_EQ(shortened("bafkreiabcdefgh", 9), "bafk…efgh");
  EXPECT_EQ(shortened("short", 9), "short");
}

}  // namespace
}  // namespace eai
