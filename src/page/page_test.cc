#include "page/page.h"

#include <set>

#include <gtest/gtest.h>

#include "http/content_coding.h"
#include "page/files.h"

namespace eai::page {
namespace {

constexpr std::string_view k_browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

std::string plain(const File& file) {
  std::string bytes(file.bytes);
  return file.coding == Coding::none ? bytes : http::decode_content(std::move(bytes), "gzip", file.size).value();
}

TEST(Page, BrowsersGetThePageAndProgramsALine) {
  const http::Reply page = answer_root({{"accept", std::string(k_browser)}});
  EXPECT_EQ(page.status, 200);
  EXPECT_EQ(http::find_header(page.headers, "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(page.body, plain(files().front()));
  EXPECT_NE(page.body.find("<title>eai</title>"), std::string::npos);
  for (const char* other : {"*/*", "application/json", "", "text/html;q=0", "text/html-x"})
    EXPECT_EQ(answer_root({{"accept", other}}).body, "eai is running\n") << other;
  EXPECT_EQ(answer_root({}).body, "eai is running\n");
}

TEST(Page, EveryFileIsWholeAndHasAHeaderForEachDanger) {
  std::set<std::string_view> names;
  for (const File& file : files()) {
    EXPECT_TRUE(names.insert(file.name).second) << file.name;
    EXPECT_EQ(file.name.find('/'), std::string_view::npos);
    EXPECT_EQ(plain(file).size(), file.size) << file.name;
    EXPECT_GE(file.mark.size(), 16U);
    const http::Reply reply =
        file.name.empty() ? answer_root({{"accept", std::string(k_browser)}}) : answer_file(file.name, {}).value();
    const std::string_view policy = http::find_header(reply.headers, "content-security-policy");
    for (const char* must : {"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'",
                             "frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'", "trusted-types 'none'"})
      EXPECT_NE(policy.find(must), std::string_view::npos) << must;
    EXPECT_EQ(policy.find("unsafe"), std::string_view::npos);
    EXPECT_EQ(http::find_header(reply.headers, "x-content-type-options"), "nosniff");
    EXPECT_EQ(http::find_header(reply.headers, "x-frame-options"), "DENY");
    EXPECT_EQ(http::find_header(reply.headers, "referrer-policy"), "no-referrer");
    EXPECT_EQ(http::find_header(reply.headers, "cross-origin-opener-policy"), "same-origin");
  }
  EXPECT_TRUE(files().front().name.empty());
}

TEST(Page, FilesComePackedToThoseWhoTakeIt) {
  for (const File& file : files()) {
    if (file.name.empty() || file.coding == Coding::none) continue;
    const http::Reply packed = answer_file(file.name, {{"accept-encoding", "br, gzip"}}).value();
    EXPECT_EQ(http::find_header(packed.headers, "content-encoding"), "gzip");
    EXPECT_EQ(packed.body, file.bytes);
    const http::Reply whole = answer_file(file.name, {{"accept-encoding", "br"}}).value();
    EXPECT_EQ(http::find_header(whole.headers, "content-encoding"), "");
    EXPECT_EQ(whole.body, plain(file));
    EXPECT_NE(http::find_header(packed.headers, "etag"), http::find_header(whole.headers, "etag"));
  }
}

TEST(Page, WhatIsKnownIsNotSentAgain) {
  const auto ask = [](std::string known) {
    return answer_root({{"accept", std::string(k_browser)}, {"if-none-match", std::move(known)}});
  };
  const std::string tag(http::find_header(ask("").headers, "etag"));
  for (const std::string& known : {tag, "W/" + tag, "\"x\", " + tag, std::string("*")}) {
    const http::Reply reply = ask(known);
    EXPECT_EQ(reply.status, 304) << known;
    EXPECT_EQ(reply.body, "");
    EXPECT_EQ(http::find_header(reply.headers, "etag"), tag);
    EXPECT_NE(http::find_header(reply.headers, "content-security-policy"), "");
  }
  for (const std::string& other : {std::string("\"x\""), tag.substr(1, tag.size() - 2), std::string(",,\"")})
    EXPECT_EQ(ask(other).status, 200) << other;
}

TEST(Page, OtherNamesAreNoFiles) {
  for (const char* name : {"", "..", "files", "page.js/", "index.html\n", "../page.js", "PAGE.JS"})
    EXPECT_FALSE(answer_file(name, {})) << name;
}

TEST(Page, CodingsAreReadWithTheirWeights) {
  for (const char* yes :
       {"gzip", "deflate, gzip", "gzip;q=0.5", "GZIP", "x-gzip", "*", "br;q=1, gzip ; q=0.001", "gzip;q=1.0"})
    EXPECT_TRUE(takes_gzip(yes)) << yes;
  for (const char* no : {"", "br", "identity", "gzip;q=0", "gzip; q=0.000", "gzipped", ",", "*;q=0", "br, zstd"})
    EXPECT_FALSE(takes_gzip(no)) << no;
}

}  // namespace
}  // namespace eai::page
