#include "util/program_pages.h"

#include <string>

#include <gtest/gtest.h>

#include "util/file.h"
#include "util/text.h"

namespace eai {
namespace {

#ifdef __linux__
// Kilobytes of files that are mapped and in memory.
std::uint64_t mapped() {
  const auto status = read_file("/proc/self/status", 65536);
  const std::string text(text_of(*status));
  return std::stoull(text.substr(text.find("RssFile:") + 8));
}

TEST(ProgramPages, AreLetGoAndComeBack) {
  const std::string before = human_bytes(1'830'000'000);
  const std::uint64_t used = mapped();
  let_go_of_program_pages();
  EXPECT_LT(mapped(), used * 3 / 4);
  EXPECT_EQ(human_bytes(1'830'000'000), before);
}
#endif

}  // namespace
}  // namespace eai
