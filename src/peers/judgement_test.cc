#include "peers/judgement.h"

#include <gtest/gtest.h>

namespace eai::peers {
namespace {

using Meaning = Judgement::Meaning;
using http::ResponseHead;

constexpr ByteRange k_asked{100, 200};

ResponseHead part(std::string range) { return {206, {{"content-range", std::move(range)}, {"content-length", "100"}}}; }

TEST(Judge, AGoodPart) {
  Judgement judgement = judge(part("bytes 100-199/1000"), k_asked, 1000);
  EXPECT_EQ(judgement.meaning, Meaning::good);
  EXPECT_EQ(judgement.total, 1000u);
  EXPECT_TRUE(judgement.length_known);
  EXPECT_FALSE(judgement.ranges_ignored);
  EXPECT_EQ(judge(part("bytes 100-199/*"), k_asked, 1000).meaning, Meaning::good);
}

TEST(Judge, WrongParts) {
  for (const char* range : {"bytes 101-200/1000", "bytes 0-99/1000", "bytes 100-199/999", "bytes 100-250/1000", "",
                            "bytes 100-149/1000", "items 100-199/1000", "bytes 199-100/1000"}) {
    EXPECT_EQ(judge(part(range), k_asked, 1000).meaning, Meaning::wrong) << range;
  }
  EXPECT_EQ(judge(part("bytes 100-199/1000"), std::nullopt, 1000).meaning, Meaning::wrong);
}

TEST(Judge, TheWholeInsteadOfAPart) {
  Judgement judgement = judge({200, {{"content-length", "1000"}}}, k_asked, 1000);
  EXPECT_EQ(judgement.meaning, Meaning::good);
  EXPECT_TRUE(judgement.ranges_ignored);
  EXPECT_EQ(judge({200, {{"content-length", "999"}}}, k_asked, 1000).meaning, Meaning::wrong);
}

TEST(Judge, PagesAndEncodings) {
  EXPECT_EQ(judge({200, {{"content-type", "text/html; charset=utf-8"}}}, k_asked, 1000).meaning, Meaning::wrong);
  EXPECT_EQ(judge({200, {{"content-encoding", "gzip"}}}, k_asked, 1000).meaning, Meaning::wrong);
  EXPECT_EQ(judge({200, {{"content-encoding", "identity"}}}, k_asked, 1000).meaning, Meaning::good);
}

TEST(Judge, Statuses) {
  for (int status : {301, 302, 400, 401, 403, 404, 406, 410, 412, 416, 451, 501, 505}) {
    EXPECT_EQ(judge({status, {}}, k_asked, 1000).meaning, Meaning::lacks) << status;
  }
  for (int status : {408, 425, 429, 500, 502, 503, 504, 521}) {
    EXPECT_EQ(judge({status, {}}, k_asked, 1000).meaning, Meaning::later) << status;
  }
  EXPECT_EQ(judge({429, {{"retry-after", "7"}}}, k_asked, 1000).retry_after, std::chrono::seconds(7));
}

TEST(Judge, ASignedAddressThatHasExpired) {
  for (int status : {400, 401, 403, 410})
    EXPECT_EQ(judge_redirected(judge({status, {}}, k_asked, 1000)).meaning, Meaning::later) << status;
  for (int status : {404, 416, 501})
    EXPECT_EQ(judge_redirected(judge({status, {}}, k_asked, 1000)).meaning, Meaning::lacks) << status;
  EXPECT_EQ(judge_redirected(judge(part("bytes 100-199/1000"), k_asked, 1000)).meaning, Meaning::good);
}

TEST(ContentRangeText, Limits) {
  EXPECT_EQ(parse_content_range("bytes 0-0/1"), (ContentRange{{0, 1}, 1}));
  for (const char* bad : {"bytes 0-1/1", "bytes -1/5", "bytes 0-/5", "bytes 0-18446744073709551615/*", "bytes */5",
                          "bytes 0/1-5", "bytes 0-1/x"}) {
    EXPECT_FALSE(parse_content_range(bad)) << bad;
  }
}

TEST(AppendedError, IsFound) {
  EXPECT_EQ(find_appended_error(view_of("content\n\n[Gateway Error: timeout]")), 7u);
  EXPECT_FALSE(find_appended_error(view_of("content\n\n[gateway")));
}

}  // namespace
}  // namespace eai::peers
