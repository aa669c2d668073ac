#include "library/import_files.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "engine/gguf_testing.h"
#include "library/check.h"
#include "library/library_testing.h"
#include "library/preserve.h"

namespace eai::library {
namespace {

struct ImportFiles : LibraryTest {
  ImportFiles() {
    fs::create_directory(own);
    engine::write_shape({}, file);
  }
  static Result<Imported> import(Library& library, FilesRequest request) {
    Feed feed;
    return import_files(library, request, feed, {});
  }
  static ino_t number_of(const fs::path& path) {
    struct stat info {};
    EXPECT_EQ(::stat(path.c_str(), &info), 0);
    return info.st_ino;
  }
  // Nothing of a model, and nothing that is left to be removed.
  void expect_no_trace() const {
    EXPECT_TRUE(open().contents.models.empty());
    EXPECT_TRUE(open().contents.unfinished.empty());
    std::error_code none;
    EXPECT_FALSE(fs::exists(folders.home / "trash", none) && !fs::is_empty(folders.home / "trash"));
  }
  fs::path own = folder.path() / "grown";
  fs::path file = own / "grown.gguf";
};

TEST_F(ImportFiles, TheHashIsThatOfPreservingAndTheStoreHasTheSameFile) {
  Library library = open();
  const auto imported = import(library, {.files = {file}});
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->way, store::CloneWay::hard_link);
  EXPECT_EQ(number_of(*imported->model.gguf()), number_of(file));
  ASSERT_NE(library.stored(imported->model.id), nullptr);
  EXPECT_EQ(imported->model.metadata.folder_name, "grown");

  PreserveRequest request;
  request.folder = own;
  request.format = model::Format::unixfs;
  request.options.dry_run = true;
  Feed feed;
  const auto preserved = preserve_folder(request, folders, feed, {});
  ASSERT_TRUE(preserved) << preserved.error().message;
  EXPECT_EQ(preserved->outcome.hash, imported->model.id);

  // Once more: as a file, and as a folder.
  for (const fs::path& again : {file, own}) {
    const auto second = import(library, {.files = {again}});
    ASSERT_TRUE(second) << second.error().message;
    EXPECT_EQ(second->way, std::nullopt);
    EXPECT_EQ(second->model.id, imported->model.id);
  }
  const auto checked = check(library, {imported->model.id, "grown"}, feed, {});
  ASSERT_TRUE(checked);
  EXPECT_FALSE(checked->damage);
}

TEST_F(ImportFiles, ANameBelongsToOneModel) {
  Library library = open();
  ASSERT_TRUE(import(library, {.files = {file}}));
  const fs::path other = folder.path() / "other.gguf";
  engine::write_shape({.blocks = 2}, other);
  FilesRequest request{.files = {other}};
  request.said.name = "grown";
  const auto taken = import(library, request);
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().about, "name");
  request.said.name = "../grown";
  EXPECT_EQ(import(library, request).error().about, "name");
  request.said.name.reset();
  const auto free = import(library, request);
  ASSERT_TRUE(free) << free.error().message;
  EXPECT_EQ(free->model.metadata.folder_name, "other");
}

// A catalog's name leads to the catalog's model.
TEST_F(ImportFiles, ANameOfTheCatalogIsTaken) {
  fs::create_directories(folders.configuration);
  ASSERT_TRUE(write_file_atomic(folders.configuration / "catalog.toml",
                                view_of("[models.grown]\nhash = \"" + ipld::Cid::raw_of(view_of("x")).str() + "\"\n")));
  Library library = open();
  const auto taken = import(library, {.files = {file}});
  ASSERT_FALSE(taken);
  EXPECT_EQ(taken.error().about, "name") << taken.error().message;
  expect_no_trace();
}

TEST_F(ImportFiles, WhatCannotBeLinkedIsCopiedOnlyWhenThatIsAllowed) {
  ASSERT_EQ(::chmod(file.c_str(), 0666), 0);  // others may change it, so no link
  Library library = open();
  FilesRequest request{.files = {file}};
  const auto refused = import(library, request);
  if (!refused) {  // unless blocks can be shared here
    EXPECT_EQ(refused.error().code, Code::unsupported);
    EXPECT_EQ(refused.error().about, "copying") << refused.error().message;
    expect_no_trace();
    request.copying = store::Copying::allowed;
    const auto copied = import(library, request);
    ASSERT_TRUE(copied) << copied.error().message;
    EXPECT_EQ(copied->way, store::CloneWay::copy);
    EXPECT_NE(number_of(*copied->model.gguf()), number_of(file));
  }
}

TEST_F(ImportFiles, BytesWithoutANameAreCalledAsTheirHeaderSays) {
  Library library = open();
  FilesRequest request{.files = {file}, .names = preserve::FileNames::none};
  const auto imported = import(library, request);
  ASSERT_TRUE(imported) << imported.error().message;
  EXPECT_EQ(imported->model.metadata.folder_name, "shape");
}

TEST_F(ImportFiles, WhatIsNoModelIsRefusedInWords) {
  Library library = open();
  const auto refused = [&](const fs::path& path, std::string_view words) {
    const auto done = import(library, {.files = {path}});
    ASSERT_FALSE(done) << path;
    EXPECT_NE(done.error().message.find(words), std::string::npos) << done.error().message;
  };
  const fs::path short_one = folder.path() / "short.gguf";
  fs::copy_file(file, short_one);
  fs::resize_file(short_one, fs::file_size(short_one) - 1000);
  refused(short_one, "GGUF");
  ASSERT_TRUE(write_file_atomic(folder.path() / "text.gguf", view_of("no model")));
  refused(folder.path() / "text.gguf", "GGUF");
  refused(folder.path() / "missing.gguf", "missing.gguf");
  fs::create_directory(folder.path() / "empty");
  refused(folder.path() / "empty", "empty");
  fs::create_symlink("nowhere", folder.path() / "lost.gguf");
  refused(folder.path() / "lost.gguf", "does not exist");
  ASSERT_EQ(::mkfifo((folder.path() / "pipe.gguf").c_str(), 0600), 0);
  refused(folder.path() / "pipe.gguf", "neither a file nor a folder");
  expect_no_trace();
}

TEST_F(ImportFiles, FilesAreToldFromBlocks) {
  EXPECT_TRUE(holds_files(file, {}));
  EXPECT_TRUE(holds_files(own, {}));
  EXPECT_FALSE(holds_files(folder.path() / "nothing", {}));
  ship_model();
  EXPECT_FALSE(holds_files(blocks, {})) << "the blocks of a model";
  fs::copy_file(file, folder.path() / "without_ending");
  EXPECT_TRUE(holds_files(folder.path() / "without_ending", {}));
}

}  // namespace
}  // namespace eai::library
