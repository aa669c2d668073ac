// Why: the tests need a machine of their own: an empty store, and a model of some kilobytes whose blocks came with the
// program.
// Thread: one. Included by tests only.
#pragma once

#include <gtest/gtest.h>

#include "fetch/fetch_testing.h"
#include "library/job.h"
#include "library/library.h"
#include "library/settings.h"

namespace eai::library {

struct LibraryTest : ::testing::Test {
  LibraryTest() { fs::create_directories(blocks); }

  void ship_model() { model = fetch::preserve_model(blocks, 100'000, k_mib); }
  // Nothing but block folders is asked.
  static FetchSettings offline() {
    FetchSettings out;
    out.offline = true;
    return out;
  }
  Library open() const {
    auto library = Library::open(folders);
    EXPECT_TRUE(library) << library.error().message;
    return *std::move(library);
  }
  // What a job told, by kind.
  static std::vector<Progress> progress_of(const Feed& feed) {
    std::vector<Progress> out;
    for (const Event& event : feed.since(0)) {
      if (const auto* progress = std::get_if<Progress>(&event.what)) out.push_back(*progress);
    }
    return out;
  }
  static std::vector<Note> notes_of(const Feed& feed) {
    std::vector<Note> out;
    for (const Event& event : feed.since(0)) {
      if (const auto* note = std::get_if<Note>(&event.what)) out.push_back(*note);
    }
    return out;
  }

  TemporaryFolder folder;
  Folders folders{.home = folder.path() / "home",
                  .run = folder.path() / "home/run",
                  .state = folder.path() / "home/logs",
                  .configuration = folder.path() / "home/config",
                  .program = {},
                  .programs = folder.path() / "libexec",
                  .shared = folder.path() / "share"};
  fs::path blocks = folders.shared / "blocks";
  fetch::Preserved model;  // "tiny"
};

}  // namespace eai::library
