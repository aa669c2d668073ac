#include "fetch/answer.h"

#include <gtest/gtest.h>

namespace eai::fetch {
namespace {

using Meaning = Answer::Meaning;
using http::ResponseHead;

constexpr ByteRange k_asked{100, 200};

ResponseHead part(std::string range) { return {206, {{"content-range", std::move(range)}, {"content-length", "100"}}}; }

TEST(Judge, AGoodPart) {
  Answer answer = judge(part("bytes 100-199/1000"), k_asked, 1000);
  EXPECT_EQ(answer.meaning, Meaning::good);
  EXPECT_EQ(answer.total, 1000u);
  EXPECT_TRUE(answer.length_known);
  EXPECT_FALSE(answer.ranges_ignored);
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
  Answer answer = judge({200, {{"content-length", "1000"}}}, k_asked, 1000);
  EXPECT_EQ(answer.meaning, Meaning::good);
  EXPECT_TRUE(answer.ranges_ignored);
  EXPECT_EQ(judge({200, {{"content-length", "999"}}}, k_asked, 1000).meaning, Meaning::wrong);
}

TEST(Judge, PagesAndEncodings) {
  EXPECT_EQ(judge({200, {{"content-type", "text/html; charset=utf-8"}}}, k_asked, 1000).meaning, Meaning::wrong);
  EXPECT_EQ(judge({200, {{"content-encoding", "gzip"}}}, k_asked, 1000).meaning, Meaning::wrong);
  EXPECT_EQ(judge({200, {{"content-encoding", "identity"}}}, k_asked, 1000).meaning, Meaning::good);
}

TEST(Judge, Statuses) {
  for (int status : {301, 302, 400, 401, 403, 404, 406, 410, 412, 416, 451, 501}) {
    EXPECT_EQ(judge({status, {}}, k_asked, 1000).meaning, Meaning::lacks) << status;
  }
  for (int status : {429, 500, 502, 503, 504}) {
    EXPECT_EQ(judge({status, {}}, k_asked, 1000).meaning, Meaning::later) << status;
  }
  EXPECT_EQ(judge({429, {{"retry-after", "7"}}}, k_asked, 1000).retry_after, std::chrono::seconds(7));
}

TEST(RetryAfter, SecondsAndDates) {
  auto now = std::chrono::system_clock::from_time_t(1'700'000'000);  // Tue, 14 Nov 2023 22:13:20 GMT
  EXPECT_EQ(parse_retry_after("120", now), std::chrono::seconds(120));
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:14:20 GMT", now), std::chrono::seconds(60));
  EXPECT_EQ(parse_retry_after("Tue, 14 Nov 2023 22:12:20 GMT", now), std::chrono::seconds(0));
  constexpr std::chrono::seconds k_year(365 * 24 * 3600);
  EXPECT_EQ(parse_retry_after("99999999999999", now), k_year);
  EXPECT_EQ(parse_retry_after("Fri, 31 Dec 9999 23:59:59 GMT", now), k_year);
  EXPECT_EQ(parse_retry_after("Sat, 01 Jan 0000 00:00:00 GMT", now), std::chrono::seconds(0));
  for (const char* neither : {"", "-1", "soon", "Tue, 14 Nov", "1.5"}) {
    EXPECT_FALSE(parse_retry_after(neither, now)) << neither;
  }
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
}  // namespace eai::fetch
