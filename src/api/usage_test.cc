#include "api/usage.h"

#include <string>

#include <gtest/gtest.h>

namespace eai::api {
namespace {

Usage read(std::string_view json) {
  Usage out;
  read_usage(json, out);
  return out;
}

TEST(Usage, IsReadFromEveryApi) {
  Usage chat = read(R"({"choices":[],"usage":{"completion_tokens":12,"prompt_tokens":34,"total_tokens":46},
                        "timings":{"cache_n":30,"prompt_n":4,"predicted_n":12,"predicted_per_second":55.25}})");
  EXPECT_EQ(chat.prompt, 34u);
  EXPECT_EQ(chat.generated, 12u);
  EXPECT_EQ(chat.per_second, 55.25);
  Usage events = read("event: message_delta\ndata: {\"usage\":{\"output_tokens\":7}}\n\n");
  EXPECT_EQ(events.generated, 7u);
  Usage last = read(R"(data: {"timings":{"prompt_n":9,"predicted_n":3,"predicted_per_second":1e2}})");
  EXPECT_EQ(last.prompt, 9u);
  EXPECT_EQ(last.per_second, 100);
  EXPECT_EQ(read(R"({"usage":{"input_tokens":5,"output_tokens":6}})").prompt, 5u);
}

TEST(Usage, ComesFromKeysNotFromWhatAModelSays) {
  Usage said = read(R"({"content":"\"usage\":{\"completion_tokens\":999}","usage":{"completion_tokens":1}})");
  EXPECT_EQ(said.generated, 1u);
  for (const char* odd :
       {"", "\"usage\":", "\"usage\":{", R"("usage":{"completion_tokens":"x"})", R"("usage":{"completion_tokens":-1})",
        R"("usage":{"completion_tokens":99999999999999999999})"})
    EXPECT_EQ(read(odd).generated, 0u) << odd;
}

TEST(Usage, IsFoundAtBothEndsOfALongAnswer) {
  const std::string filling(1 << 20, ' ');
  EXPECT_EQ(read(R"({"usage":{"prompt_tokens":5},)" + filling).prompt, 5u);
  EXPECT_EQ(read(filling + R"("usage":{"prompt_tokens":5}})").prompt, 5u);
}

}  // namespace
}  // namespace eai::api
