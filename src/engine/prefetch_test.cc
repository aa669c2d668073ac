#include "engine/prefetch.h"

#include <algorithm>
#include <fstream>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

namespace eai::engine {
namespace {

fs::path write(const fs::path& path, std::size_t size = 10) {
  EXPECT_TRUE(make_folders(path.parent_path(), 0700));
  EXPECT_TRUE(write_file_atomic(path, Bytes(size, 7)));
  return path;
}

TEST(Prefetch, TakesEveryFileThatAnEngineReads) {
  TemporaryFolder folder;
  ModelSpec spec;
  spec.gguf = folder.path() / "model.gguf";
  spec.projector = folder.path() / "projector.gguf";
  spec.adapters = {{folder.path() / "lora.gguf", 0.5}};
  spec.draft = folder.path() / "draft.gguf";
  EXPECT_EQ(files_of(spec), (std::vector<fs::path>{spec.gguf, *spec.projector, spec.adapters[0].gguf, *spec.draft}));
  ModelSpec image;
  image.gguf = folder.path() / "payload";
  const fs::path vae = write(image.gguf / "vae/a.safetensors"), index = write(image.gguf / "index.json");
  auto files = files_of(image);
  std::ranges::sort(files);
  EXPECT_EQ(files, (std::vector<fs::path>{index, vae}));
  prefetch({folder.path() / "nothing", vae});
}

// Pages of the file that lie in memory.
std::size_t cached(const fs::path& path) {
  const auto file = open_file(path, O_RDONLY);
  const auto size = static_cast<std::size_t>(fs::file_size(path));
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file->get(), 0);
  std::vector<unsigned char> pages(size / 4096);
  EXPECT_EQ(::mincore(at, size, pages.data()), 0);
  ::munmap(at, size);
  return static_cast<std::size_t>(std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; }));
}

// The bytes that the system has fetched from disks for this process.
std::uint64_t fetched_from_disks() {
  std::ifstream io("/proc/self/io");
  std::string name;
  for (std::uint64_t value = 0; io >> name >> value;) {
    if (name == "read_bytes:") return value;
  }
  return 0;
}

TEST(Prefetch, BringsAFileIntoTheCache) {
  TemporaryFolder folder;
  const fs::path path = write(folder.path() / "weights", 8 * k_mib);
  const auto file = open_file(path, O_RDONLY);
  ASSERT_EQ(::fsync(file->get()), 0);
  ASSERT_EQ(::posix_fadvise(file->get(), 0, 0, POSIX_FADV_DONTNEED), 0);
  const std::uint64_t missing = (2048 - cached(path)) * 4096, before = fetched_from_disks();
  prefetch({path});
  const std::uint64_t after = fetched_from_disks();
  EXPECT_GE(after - before, missing);
  // Reading it waits for what is on its way, and has nothing left to fetch.
  EXPECT_TRUE(read_file(path, 8 * k_mib));
  EXPECT_EQ(fetched_from_disks(), after);
  EXPECT_EQ(cached(path), 2048u);
}

}  // namespace
}  // namespace eai::engine
