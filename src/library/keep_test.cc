// What the store keeps of a model that was preserved here.
#include <random>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/gguf_testing.h"
#include "library/library_testing.h"
#include "library/preserve.h"
#include "store/archive_copy.h"

namespace eai::library {
namespace {

struct Keep : LibraryTest {
  // Half of the weights are noise, which is stored, and the others zeros, which are deflated.
  fs::path make_model() {
    fs::path own = folder.path() / "grown";
    fs::create_directory(own);
    engine::write_shape({.blocks = 2, .width = 512, .feed = 1024}, own / "any.gguf");
    const auto file = open_file(own / "any.gguf", O_WRONLY);
    std::mt19937 random(3);
    Bytes noise(5 * k_mib);
    for (auto& byte : noise) byte = static_cast<std::uint8_t>(random());
    EXPECT_TRUE(write_at(file->get(), 2 * k_mib, noise));
    return own;
  }
};

TEST_F(Keep, ThePartsOfAnArchiveThatWasPreservedHereAreMadeAgainFromTheFiles) {
  PreserveRequest request;
  request.folder = make_model();
  request.options.part_size = 2 * k_mib;
  request.homes = {"car:" + (folder.path() / "parts.car").string()};
  request.offline = true;
  Feed feed;
  const auto preserved = preserve_folder(request, folders, feed, {});
  ASSERT_TRUE(preserved) << preserved.error().message;
  ASSERT_TRUE(preserved->warnings.empty()) << preserved->warnings.front().message;
  const auto stored = open().store.find(preserved->outcome.hash);
  ASSERT_TRUE(stored) << stored.error().message;
  ASSERT_GE(stored->metadata.files.size(), 3U);
  EXPECT_GT(preserved->outcome.stored, 0U);
  EXPECT_LT(preserved->outcome.stored, stored->size());
  auto copy = store::ArchiveCopy::make(*stored, {}, {});
  ASSERT_TRUE(copy) << copy.error().message;
  for (std::size_t part = 0; part < copy->parts(); ++part) {
    Bytes bytes(copy->size(part));
    ASSERT_TRUE(copy->read(part, 0, bytes));
    EXPECT_EQ(ipld::sha256(bytes), stored->metadata.files[part].sha256);
  }
}

}  // namespace
}  // namespace eai::library
