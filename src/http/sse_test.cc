#include "http/sse.h"

#include <gtest/gtest.h>

namespace eai::http {
namespace {

using namespace std::string_view_literals;

// All events of `stream`, fed in pieces of `step` bytes: "event|data|comment".
std::vector<std::string> events_of(std::string_view stream, std::size_t step) {
  SseReader reader;
  std::vector<std::string> out;
  for (std::size_t at = 0; at < stream.size(); at += step) {
    EXPECT_TRUE(reader.feed(stream.substr(at, step)));
    while (const auto event = reader.next()) out.push_back(event->event + "|" + event->data + "|" + event->comment);
  }
  return out;
}

using Events = std::vector<std::string>;

void expect_events(std::string_view stream, const Events& wanted) {
  for (std::size_t step = 1; step <= stream.size(); ++step) EXPECT_EQ(events_of(stream, step), wanted) << step;
}

TEST(SseReader, ReadsEventsInAnyCutsAndWithAnyLineEnds) {
  expect_events("data: one\n\nevent: e\ndata:two\n\n", {"|one|", "e|two|"});
  expect_events("data: one\r\n\r\nevent: e\r\ndata:two\r\n\r\n", {"|one|", "e|two|"});
  expect_events("data: one\r\revent: e\rdata:two\r\r", {"|one|", "e|two|"});
  expect_events(
      "\xEF\xBB\xBF"
      "data: after a BOM\n\n",
      {"|after a BOM|"});
}

TEST(SseReader, JoinsLinesAndKeepsWhatIsBehindTheFirstBlank) {
  expect_events("data: a\ndata:  b: c\ndata\ndata:\n\n", {"|a\n b: c\n\n|"});
  expect_events("data\n\n", {"||"});
}

TEST(SseReader, GivesCommentsAndDropsWhatItDoesNotKnow) {
  expect_events(": loading, 40 %\n\n:\n\nstrange: x\n\nevent: without data\n\ndata: z\n: beside\n\n",
                {"||loading, 40 %", "||", "|z|beside"});
}

TEST(SseReader, AnEventWithoutItsBlankLineIsNotWhole) { expect_events("data: one\n\ndata: two\n", {"|one|"}); }

TEST(SseReader, RemembersTheLastIdAndTheRetry) {
  SseReader reader;
  ASSERT_TRUE(reader.feed("id: 7\ndata: x\n\nretry: 1500\nid\n\nretry: soon\nid: a\0b\n\n"sv));
  ASSERT_TRUE(reader.next());
  EXPECT_EQ(reader.last_id(), "7");
  EXPECT_FALSE(reader.next());
  EXPECT_EQ(reader.retry(), std::chrono::milliseconds(1500));
  EXPECT_EQ(reader.last_id(), "");
}

TEST(SseReader, AnEventOverTheLimitIsAnError) {
  for (const char* text : {"data: 0123456789012345678901234567890", ": 0123456789012345678901234567890123"}) {
    SseReader reader(32);
    const auto fed = reader.feed(text);
    ASSERT_FALSE(fed);
    EXPECT_EQ(fed.error().code, Code::network);
  }
  SseReader many(32);
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(many.feed("data: 0123456789\n\n")) << i;
    ASSERT_TRUE(many.next());
  }
  SseReader lines(32);
  Result<void> fed;
  for (int i = 0; fed && i < 100; ++i) {
    fed = lines.feed("data: 0123456789\n");
    EXPECT_FALSE(lines.next());
  }
  EXPECT_FALSE(fed) << "many short lines of one event are bounded too";
}

TEST(SseWriter, WritesWhatTheReaderReads) {
  EXPECT_EQ(sse_event({"{}"}), "data: {}\n\n");
  EXPECT_EQ(sse_event({.data = "x", .event = "e", .id = "1", .retry = std::chrono::milliseconds(20)}),
            "event: e\nid: 1\nretry: 20\ndata: x\n\n");
  EXPECT_EQ(sse_comment("waiting"), ": waiting\n\n");
  EXPECT_EQ(sse_comment("a\nb"), ": a\n: b\n\n");
  for (const char* data : {"", "\n", "a\nb", "a\r\nb\rc\n", " a", "data: x\n\ndata: y"}) {
    const std::string text = sse_event({data});
    SseReader reader;
    ASSERT_TRUE(reader.feed(text));
    const auto event = reader.next();
    ASSERT_TRUE(event) << text;
    std::string wanted;
    for (std::string_view rest = data; !rest.empty(); rest.remove_prefix(1)) {
      if (rest.starts_with("\r\n")) continue;
      wanted += rest.front() == '\r' ? '\n' : rest.front();
    }
    EXPECT_EQ(event->data, wanted) << text;
    EXPECT_FALSE(reader.next()) << "data cannot smuggle a second event";
  }
  EXPECT_EQ(sse_event({.data = "x", .event = "a\n\ndata: b"}), "event: adata: b\ndata: x\n\n");
}

TEST(SseEvents, TheirEndIsFoundWithoutReadingThem) {
  EXPECT_EQ(end_of_sse_events(""), 0u);
  EXPECT_EQ(end_of_sse_events("data: x\n"), 0u);
  EXPECT_EQ(end_of_sse_events("data: x\n\ndata"), 9u);
  EXPECT_EQ(end_of_sse_events("data: x\r\n\r\ndata"), 11u);
  EXPECT_EQ(end_of_sse_events("data: x\n\ndata: y\r\n\r\n"), 20u);
}

}  // namespace
}  // namespace eai::http
