#include "peers/gateway_client.h"

#include <gtest/gtest.h>

namespace eai::peers {
namespace {

using namespace std::chrono_literals;
using Meaning = Judgement::Meaning;

const ipld::Cid k_id = ipld::Cid::raw_of(view_of("x"));

// What each way in which a question can end says about the gateway.
class Blame : public ::testing::Test {
 protected:
  static Ending refused(int status) {
    const Judgement judgement = judge({status, {}}, std::nullopt, std::nullopt);
    return {judgement, fail(Code::network, judgement.why)};
  }
  static Ending page() {
    const Judgement judgement = judge({200, {{"content-type", "text/html"}}}, std::nullopt, std::nullopt);
    return {judgement, fail(Code::network, judgement.why)};
  }
  Question question(Form form, Question::OrAsFile or_as_file = Question::OrAsFile::yes) {
    return {.cid = k_id, .form = form, .or_as_file = or_as_file};
  }
  bool waits() { return !client_.book().pick(0, Clock::now()) && !client_.book().hopeless(0); }

  GatewayClient client_{{{Source::Kind::gateway, "g", "https://g.example", {}}}, {}, 1};
};

TEST_F(Blame, ARefusedRawBlockIsAskedForAsAFile) {
  // Several questions were on their way when the first was refused: none of them counts against the gateway.
  for (int i = 0; i < 5; ++i) {
    client_.blame(question(Form::raw_block), refused(406));
    EXPECT_EQ(client_.book().form(0), Form::file);
    EXPECT_EQ(client_.book().pick(0, Clock::now()), 0);
  }
  client_.blame(question(Form::file), refused(404));
  EXPECT_TRUE(client_.book().hopeless(0));
  EXPECT_FALSE(client_.book().hopeless(1)) << "another piece it may have";
}

TEST_F(Blame, WhereOnlyARawBlockWillDoARefusalIsFinal) {
  client_.blame(question(Form::raw_block, Question::OrAsFile::no), refused(406));
  EXPECT_EQ(client_.book().form(0), Form::raw_block);
  EXPECT_TRUE(client_.book().hopeless(0));
}

TEST_F(Blame, APageInsteadOfARawBlockIsARefusalToo) {
  client_.blame(question(Form::raw_block), page());
  EXPECT_EQ(client_.book().form(0), Form::file);
  EXPECT_FALSE(waits());
  client_.blame(question(Form::file), page());
  EXPECT_TRUE(waits()) << "the page may be gone later";
}

TEST_F(Blame, WhatMayPassMakesItWait) {
  for (int status : {429, 500, 503}) {
    GatewayClient client{{{Source::Kind::gateway, "g", "https://g.example", {}}}, {}, 1};
    client.blame(question(Form::raw_block), refused(status));
    EXPECT_EQ(client.book().form(0), Form::raw_block) << status;
    EXPECT_FALSE(client.book().pick(0, Clock::now())) << status;
    EXPECT_FALSE(client.book().hopeless(0)) << status;
  }
}

TEST_F(Blame, RetryAfterIsObeyed) {
  const Judgement judgement = judge({429, {{"retry-after", "60"}}}, std::nullopt, std::nullopt);
  client_.blame(question(Form::file), {judgement, fail(Code::network, judgement.why)});
  EXPECT_FALSE(client_.book().pick(0, Clock::now() + 55s));
  EXPECT_TRUE(client_.book().pick(0, Clock::now() + 61s));
}

TEST_F(Blame, ABodyThatEndsEarlyIsTrouble) {
  Judgement good;
  good.meaning = Meaning::good;
  client_.blame(question(Form::file), {good, {}});
  EXPECT_TRUE(waits());
  EXPECT_EQ(client_.book().report(), "g: the body ended early");
}

TEST_F(Blame, OneThatWeRefuseToAskIsOut) {
  client_.blame(question(Form::file),
                {std::nullopt, fail(Code::invalid, "plain http is refused", Hint::allow_plain_http)});
  EXPECT_TRUE(client_.book().banned(0));
  EXPECT_EQ(client_.book().hint(), Hint::allow_plain_http);
}

}  // namespace
}  // namespace eai::peers
