#include "engine/llama_devices.h"

#include <gtest/gtest.h>

#include "engine/budget.h"
#include "engine/pool.h"

namespace eai::engine {
namespace {

constexpr const char* k_two =
    "Available devices:\n  CUDA0: NVIDIA L4 (Ada) (23034 MiB, 22563 MiB free)\n  CUDA1: NVIDIA L4 (Ada) (1024 MiB, 0 "
    "MiB "
    "free)\n";

TEST(Devices, AreReadFromTheEnginesList) {
  const auto devices = parse_devices(k_two);
  ASSERT_EQ(devices.size(), 2u);
  EXPECT_EQ(devices[0], (Device{"CUDA0", "NVIDIA L4 (Ada)", 23034 * k_mib}));
  EXPECT_EQ(devices[1].memory, k_gib);
  for (const char* none :
       {"", "Available devices:\n  (none)\n", "  BLAS: Accelerate (0 MiB, 0 MiB free)\n",
        "CUDA0: X (1 MiB, 1 MiB free)", "  CUDA0 (1 MiB, 1 MiB free)", "  CUDA0: X (x MiB, 1 MiB free)",
        "  CUDA0: X 1 MiB, 1 MiB free)", "  CUDA0: X (18446744073709551615 MiB, 1 MiB free)", "   MiB, : ( MiB free)"})
    EXPECT_TRUE(parse_devices(none).empty()) << none;
}

TEST(Devices, TheirMemoryIsTheBudget) {
  const Budget ram = find_budget();
  EXPECT_FALSE(ram.on_device);
  EXPECT_EQ(ram.beyond, 0u);
  const Budget budget = find_budget(parse_devices(k_two));
  EXPECT_TRUE(budget.on_device);
  EXPECT_EQ(budget.bytes, 24058 * k_mib - 24058 * k_mib / 10);
  EXPECT_NE(budget.source.find("CUDA0 and CUDA1 25.2 GB"), std::string::npos) << budget.source;
  EXPECT_TRUE(budget.fits(budget.bytes + ram.bytes)) << "what is too large for them reaches into RAM";
  EXPECT_FALSE(budget.fits(budget.bytes + ram.bytes + 1));
  PoolOptions options;
  options.memory_budget = 7;
  options.devices = parse_devices(k_two);
  const Budget configured = budget_of(options);
  EXPECT_EQ(configured.bytes, 7u);
  EXPECT_FALSE(configured.fits(8));
}

struct StandIn : ::testing::Test {
  // A program that does this.
  fs::path program(const std::string& script) {
    fs::path path = folder.path() / "engine";
    EXPECT_TRUE(write_file_atomic(path, view_of("#!/bin/sh\n" + script + "\n")));
    fs::permissions(path, fs::perms::owner_all);
    return path;
  }
  TemporaryFolder folder;
};

TEST_F(StandIn, IsAsked) {
  const auto devices =
      list_llama_devices(program("[ \"$1\" = --list-devices ] || exit 1\necho 'Available devices:'\n"
                                 "echo 'loading' >&2\necho '  Vulkan0: A GPU (8192 MiB, 8000 MiB free)'"));
  ASSERT_TRUE(devices) << devices.error().message;
  EXPECT_EQ(*devices, (std::vector<Device>{{"Vulkan0", "A GPU", 8 * k_gib}}));
}

TEST_F(StandIn, ThatFailsSaysSo) {
  EXPECT_NE(list_llama_devices(program("exit 3")).error().message.find("exited with status 3"), std::string::npos);
  EXPECT_FALSE(list_llama_devices(folder.path() / "missing"));
}

TEST_F(StandIn, RealEngineWithoutAGpuHasNone) {
  const auto devices = list_llama_devices(fs::path(EAI_BUILD_DIR) / "libexec/eai/llama-server");
  ASSERT_TRUE(devices) << devices.error().message;
  EXPECT_TRUE(devices->empty());
}

}  // namespace
}  // namespace eai::engine
