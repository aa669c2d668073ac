#include <gtest/gtest.h>

#include "api/translation.h"

namespace eai::api {
namespace {

const std::string k_token = R"({"id":1,"token":"é","logprob":-0.5,"top_logprobs":[{"token":"a","logprob":-1}]})";

TEST(CompletionsTranslation, TellsProbabilitiesInTheOldForm) {
  const auto translation = make_completions_translation();
  EXPECT_EQ(translation
                ->whole(R"({"choices":[{"text":"éé","index":0,"logprobs":{"content":[)" + k_token + "," + k_token +
                        "]}}],\"x\":1}")
                .value(),
            R"({"choices":[{"text":"éé","index":0,"logprobs":{"tokens":["é","é"],"token_logprobs":[-5E-1,-5E-1],)"
            R"("top_logprobs":[{"a":-1},{"a":-1}],"text_offset":[0,1]}}],"x":1})");
  EXPECT_EQ(translation->whole(R"({"choices":[{"text":"a","logprobs":null}]})").value(),
            R"({"choices":[{"text":"a","logprobs":null}]})");
  EXPECT_EQ(translation->whole("x").error().code, Code::network);
}

TEST(CompletionsTranslation, CountsOnFromEventToEvent) {
  const auto translation = make_completions_translation();
  const std::string chunk = R"({"choices":[{"index":1,"logprobs":{"content":[)" + k_token + "]}}]}";
  EXPECT_NE(translation->events(chunk).find("\"text_offset\":[0]"), std::string::npos);
  EXPECT_NE(translation->events(chunk).find("\"text_offset\":[1]"), std::string::npos);
  EXPECT_EQ(translation->finish(), "data: [DONE]\n\n");
}

}  // namespace
}  // namespace eai::api
