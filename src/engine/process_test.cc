#include "engine/process.h"

#include <cstdlib>
#include <map>

#include <gtest/gtest.h>

namespace eai::engine {
namespace {

std::map<std::string, std::string> environment() {
  std::map<std::string, std::string> found;
  for (const auto& [name, value] : clean_environment()) {
    EXPECT_FALSE(found.contains(name)) << name << " is there twice";
    found[name] = value;
  }
  return found;
}

// Sets a variable for one test.
class Variable {
 public:
  Variable(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Variable() { ::unsetenv(name_); }

 private:
  const char* name_;
};

TEST(CleanEnvironment, KeepsTheSystemsAndDropsSecretsAndTheEnginesOwnOptions) {
  const Variable key("LIGHTHOUSE_API_KEY", "secret"), token("HF_TOKEN", "secret"), option("LLAMA_ARG_HOST", "0.0.0.0"),
      locale("LC_TEST", "C"), threads("OMP_NUM_THREADS", "3"), device("CUDA_VISIBLE_DEVICES", "1");
  const auto found = environment();
  EXPECT_FALSE(found.contains("LIGHTHOUSE_API_KEY"));
  EXPECT_FALSE(found.contains("HF_TOKEN"));
  EXPECT_FALSE(found.contains("LLAMA_ARG_HOST"));
  EXPECT_TRUE(found.contains("PATH"));
  EXPECT_EQ(found.at("LC_TEST"), "C");
  EXPECT_EQ(found.at("OMP_NUM_THREADS"), "3");
  EXPECT_EQ(found.at("CUDA_VISIBLE_DEVICES"), "1");
}

TEST(CleanEnvironment, ThreadsSpinShortlyUnlessTheUserChose) {
  EXPECT_EQ(environment().at("GOMP_SPINCOUNT"), "1000");
  {
    const Variable own("GOMP_SPINCOUNT", "77");
    EXPECT_EQ(environment().at("GOMP_SPINCOUNT"), "77");
  }
  const Variable policy("OMP_WAIT_POLICY", "active");
  EXPECT_EQ(environment().at("OMP_WAIT_POLICY"), "active");
  EXPECT_FALSE(environment().contains("GOMP_SPINCOUNT"));
}

}  // namespace
}  // namespace eai::engine
