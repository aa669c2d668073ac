#include "cli/output.h"

#include <algorithm>
#include <cstdlib>
#include <functional>

#include <boost/json.hpp>
#include <gtest/gtest.h>

#include "util/text.h"

namespace eai::cli {
namespace {

// A name that moves the cursor, hides letters and turns the text around, and a byte that is no text at all.
const std::string k_evil = "e\x1b[2J\u009b31m\u202egnp\u200bv\u2028i\rl\x7f\xff";

void expect_tame(const std::string& text) {
  for (const char* one : {"\x1b", "\u009b", "\u202e", "\u200b", "\u2028", "\r", "\x7f", "\xff"}) {
    EXPECT_EQ(text.find(one), std::string::npos) << text;
  }
  EXPECT_TRUE(is_valid_utf8(text)) << text;
}

std::string stdout_of(Output::Options options, const std::function<void(Output&)>& print) {
  ::testing::internal::CaptureStdout();
  Output out(options);
  print(out);
  return ::testing::internal::GetCapturedStdout();
}

std::string stderr_of(const std::function<void(Output&)>& print) {
  ::testing::internal::CaptureStderr();
  Output out({});
  print(out);
  return ::testing::internal::GetCapturedStderr();
}

TEST(Output, WhateverIsPrintedIsTame) {
  const std::string line = stdout_of({}, [](Output& out) { out.line(k_evil + "\nsecond"); });
  expect_tame(line);
  EXPECT_NE(line.find("\nsecond\n"), std::string::npos) << "lines of our own stay";
  const std::string table = stdout_of({}, [](Output& out) {
    out.table({"NAME", "SIZE"}, {{k_evil + "\n", "1 B"}}, 0);
  });
  expect_tame(table);
  EXPECT_EQ(std::count(table.begin(), table.end(), '\n'), 1) << "a name is no line of the table";
  expect_tame(stderr_of([](Output& out) { out.note(k_evil); }));
  expect_tame(stderr_of([](Output& out) { out.error({Code::io, k_evil}, 8); }));
}

// One variable of the environment, for the length of a test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }
  Variable(const Variable&) = delete;

 private:
  const char* name_;
};

TEST(Output, APipeGetsWholeCellsBetweenTabs) {
  const std::string long_cell(5000, 'x');
  const std::string text = stdout_of({}, [&](Output& out) {
    out.table({"NAME", "SIZE"}, {{long_cell, "1 B"}, {"a\tb\nc", ""}}, 0);
  });
  EXPECT_EQ(text, long_cell + "\t1 B\na?b?c\t\n") << "no heading, nothing cut, nothing padded";
}

TEST(Output, ColoursGoWhereTheyAreWanted) {
  const auto bold = [](Output::Options options) {
    return stdout_of(std::move(options), [](Output& out) { out.line(out.styled(Style::bold, "x")); });
  };
  EXPECT_EQ(bold({}), "x\n") << "a pipe";
  const Variable force("CLICOLOR_FORCE", "1");
  EXPECT_EQ(bold({}), "\x1b[1mx\x1b[0m\n");
  EXPECT_EQ(bold({.plain = true}), "x\n");
  {
    const Variable no("NO_COLOR", "1");
    EXPECT_EQ(bold({}), "x\n");
  }
  const Variable zero("CLICOLOR_FORCE", "0");
  EXPECT_EQ(bold({}), "x\n");
}

TEST(Output, OnlyPickedFieldsArePrintedAndErrorsWhole) {
  const std::string text = stdout_of({.json = true, .pick = {.fields = {"b", "a"}}}, [](Output& out) {
    out.event(boost::json::object{{"a", 1}, {"b", 2}, {"c", 3}});
    out.event(boost::json::object{{"c", 3}});
    out.error({Code::io, "disk"}, 8);
  });
  EXPECT_EQ(text,
            "{\"b\":2,\"a\":1}\n"
            "{\"event\":\"error\",\"code\":\"io\",\"message\":\"disk\",\"exit_status\":8}\n");
}

TEST(Output, JsonIsValidAndKeepsItsValue) {
  const std::string text = stdout_of({.json = true}, [](Output& out) {
    out.event(boost::json::object{{"name", "a\u202e\u009b\x7f"}, {"path", "/tmp/\xff"}});
  });
  expect_tame(text);
  const auto value = boost::json::parse(text);
  EXPECT_EQ(value.at("name").as_string(), "a\u202e\u009b\x7f");
  EXPECT_EQ(value.at("path").as_string(), "/tmp/\\xff");
}

TEST(Output, NoLoginIsShown) {
  const Error error{Code::network, "asking https://user:geheim@host.example/x failed"};
  EXPECT_EQ(stderr_of([&](Output& out) { out.error(error, 5); }).find("geheim"), std::string::npos);
  EXPECT_EQ(stderr_of([&](Output& out) { out.note(error.message); }).find("geheim"), std::string::npos);
}

}  // namespace
}  // namespace eai::cli
