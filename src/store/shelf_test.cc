#include "store/shelf.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "ipld/car.h"
#include "store/trees_testing.h"

namespace eai::store {
namespace {

struct ShelfTest : TreeFixture, ::testing::Test {
  static std::string read(const Result<PlacedBytes>& place) {
    if (!place) return "error: " + std::string(name_of(place.error().code));
    if (!place->file) return std::string(text_of(place->held));
    Bytes out(place->range.size());
    EXPECT_TRUE(read_at(place->file->get(), place->range.begin, out));
    return std::string(text_of(out));
  }
  // A file in steps, as long as it is given.
  static std::string whole(Shelf& shelf, const ipld::Cid& root) {
    std::string out;
    const auto size = shelf.file_size(root);
    while (size && out.size() < *size) {
      const auto part = shelf.file_part(root, out.size());
      if (!part) return out + "(" + std::string(name_of(part.error().code)) + ")";
      EXPECT_GT(part->size(), 0U);
      out += read(part);
    }
    return out;
  }
  fs::path path_of(std::size_t file) const { return home / "models" / id().str() / payload_name(files[file].name); }
  static void overwrite(const fs::path& path, std::uint64_t at, std::string_view bytes) {
    const auto fd = open_file(path, O_WRONLY);
    EXPECT_TRUE(fd && write_at(fd->get(), at, view_of(bytes)));
  }
};

TEST_F(ShelfTest, GivesEveryBlockOfEveryFileAndTheMetadata) {
  const Model model = *commit(trees());
  const auto shelf = *open_files_shelf(model);
  EXPECT_EQ(read(shelf->block(id())), metadata);
  for (std::size_t i = 0; i < files.size(); ++i) {
    for (const ipld::Block& block : files[i].blocks)
      EXPECT_EQ(read(shelf->block(block.cid)), text_of(block.bytes)) << files[i].name;
    EXPECT_EQ(shelf->file_size(files[i].root.cid), files[i].content.size());
    EXPECT_EQ(whole(*shelf, files[i].root.cid), files[i].content);
  }
  // Raw leaves lie in the file, and are asked for under any codec.
  const ipld::Cid leaf = ipld::Cid::raw_of(view_of(files[0].content).subspan(20, 10));
  EXPECT_EQ(read(shelf->block(leaf)), files[0].content.substr(20, 10));
  EXPECT_TRUE(shelf->block(leaf)->file);
  EXPECT_EQ(read(shelf->block(ipld::Cid::raw_of(view_of("other")))), "error: not_found");
  EXPECT_EQ(shelf->file_size(leaf), std::nullopt);
  EXPECT_EQ(shelf->size(), metadata.size() + 1000 + 50 + 70);
}

TEST_F(ShelfTest, NeverGivesBytesThatHaveChanged) {
  const Model model = *commit(trees());
  const auto shelf = *open_files_shelf(model);
  EXPECT_EQ(whole(*shelf, files[0].root.cid), files[0].content) << "all is proven now";
  overwrite(path_of(0), 25, "!");
  const ipld::Cid leaf = ipld::Cid::raw_of(view_of(files[0].content).subspan(20, 10));
  EXPECT_EQ(read(shelf->block(leaf)), "error: corrupt");
  EXPECT_EQ(whole(*shelf, files[0].root.cid), files[0].content.substr(0, 20) + "(corrupt)");
  overwrite(path_of(0), 25, files[0].content.substr(25, 1));
  EXPECT_EQ(whole(*shelf, files[0].root.cid), files[0].content) << "and it was mended";
  fs::resize_file(path_of(1), 10);
  EXPECT_EQ(read(shelf->block(files[1].root.cid)), "error: corrupt");
}

TEST_F(ShelfTest, SeesThatAFileWasReplacedOrRemoved) {
  const Model model = *commit(trees());
  const auto shelf = *open_files_shelf(model);
  const ipld::Cid root = files[0].root.cid, leaf = ipld::Cid::raw_of(view_of(files[0].content).first(10));
  fs::create_hard_link(path_of(0), folder.path() / "another name");  // so that it lives on
  const auto held = shelf->file_part(root, 0);
  ASSERT_TRUE(held);
  write(folder.path() / "new", "something else");
  fs::rename(folder.path() / "new", path_of(0));
  EXPECT_EQ(read(shelf->block(leaf)), "error: corrupt");
  EXPECT_EQ(read(held), files[0].content.substr(0, held->size())) << "whoever reads it has the old one";
  write(folder.path() / "new", files[0].content);
  fs::rename(folder.path() / "new", path_of(0));
  const auto reader = shelf->file_part(root, 0);
  ASSERT_TRUE(reader);
  fs::remove(path_of(0));
  EXPECT_EQ(read(shelf->block(leaf)), "error: not_found");
  EXPECT_EQ(shelf->file_size(root), std::nullopt);
  EXPECT_EQ(read(shelf->file_part(root, 900)).substr(0, 10), files[0].content.substr(900, 10)) << "one still reads it";
  EXPECT_TRUE(shelf->look_again());
  fs::remove(path_of(1));
  fs::remove(path_of(2));
  EXPECT_FALSE(shelf->look_again());
}

TEST_F(ShelfTest, OfARemovedFileNothingIsGivenOnceNobodyReadsIt) {
  const Model model = *commit(trees());
  const auto shelf = *open_files_shelf(model);
  fs::create_hard_link(path_of(0), folder.path() / "another name");
  fs::remove(path_of(0));
  EXPECT_EQ(read(shelf->file_part(files[0].root.cid, 0)), "error: not_found");
}

TEST_F(ShelfTest, OfARemovedModelNotEvenTheMetadataAreGiven) {
  const Model model = *commit(trees());
  const auto shelf = *open_files_shelf(model);
  const auto reader = shelf->file_part(files[0].root.cid, 0);
  fs::rename(model.folder, folder.path() / "elsewhere");
  EXPECT_EQ(read(shelf->block(id())), "error: not_found");
  EXPECT_EQ(shelf->file_size(id()), std::nullopt);
  EXPECT_EQ(shelf->file_size(files[0].root.cid), std::nullopt) << "for a new reader";
  fs::rename(folder.path() / "elsewhere", model.folder);
  EXPECT_EQ(whole(*shelf, files[0].root.cid), files[0].content) << "and it is back";
}

TEST_F(ShelfTest, BlocksAreFoundByTheirHashWhateverTheCidLooksLike) {
  const Model model = *commit(trees());
  const auto shelf = *open_files_shelf(model);
  const ipld::Cid v0 = files[1].root.cid;
  ASSERT_EQ(v0.version(), 0);
  EXPECT_EQ(read(shelf->block(v0.as_v1())), read(shelf->block(v0)));
  EXPECT_EQ(read(shelf->block(ipld::Cid::v1(ipld::Codec::raw, files[0].root.cid.hash()))),
            read(shelf->block(files[0].root.cid)));
  EXPECT_EQ(shelf->file_size(v0.as_v1()), files[1].content.size());
}

TEST_F(ShelfTest, WithoutTreesThereAreNoBlocks) {
  const Model model = *commit({});
  const auto shelf = open_files_shelf(model);
  ASSERT_FALSE(shelf);
  EXPECT_EQ(shelf.error().code, Code::not_found);
}

TEST_F(ShelfTest, ACarGivesWhatProvesItself) {
  const ipld::Cid a = ipld::Cid::raw_of(view_of("a block")), b = ipld::Cid::raw_of(view_of("another"));
  const Bytes car = ipld::write_car({a}, {{a, {'a', ' ', 'b', 'l', 'o', 'c', 'k'}}, {b, {'f', 'a', 'l', 's', 'e'}}});
  write(folder.path() / "x.car", std::string(text_of(car)));
  const auto shelf = *open_car_shelf(folder.path() / "x.car");
  EXPECT_EQ(read(shelf->block(a)), "a block");
  EXPECT_EQ(read(shelf->block(b)), "error: corrupt");
  EXPECT_EQ(read(shelf->block(id())), "error: not_found");
  EXPECT_EQ(shelf->file_size(a), std::nullopt);
  overwrite(folder.path() / "x.car", text_of(car).find("a block"), "x");
  EXPECT_EQ(read(shelf->block(a)), "error: corrupt");
  fs::remove(folder.path() / "x.car");
  EXPECT_EQ(read(shelf->block(a)), "error: not_found");
  EXPECT_FALSE(shelf->look_again());
  // Another one in its place, as on a stick that is plugged in again.
  write(folder.path() / "x.car", "longer than before: " + std::string(text_of(car)));
  EXPECT_EQ(read(shelf->block(a)), "error: not_found");
  write(folder.path() / "x.car", std::string(text_of(car)));
  EXPECT_EQ(read(shelf->block(a)), "a block");
  write(folder.path() / "y.car", "not a CAR");
  EXPECT_EQ(open_car_shelf(folder.path() / "y.car").error().code, Code::invalid);
}

}  // namespace
}  // namespace eai::store
