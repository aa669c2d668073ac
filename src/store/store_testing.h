// Why: the tests of the store need models of a few bytes. Only tests include this.
// Thread: one.
#pragma once

#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ipld/hash.h"
#include "store/store.h"
#include "util/text.h"

namespace eai::store {

struct StoreFixture {
  TemporaryFolder folder;
  fs::path home = folder.path() / "home";
  Store store = *Store::open(home);

  static std::string metadata_for(const std::string& name, const std::string& task = "chat") {
    auto part = view_of("part");
    return R"({"folder_name":")" + name + R"(","chunk_size_mb":512,"num_of_files":1,"task":")" + task +
           R"(","files":[{"cid":")" + ipld::Cid::raw_of(part).str() + R"(","file_hash":")" +
           to_hex(ipld::sha256(part)) + R"(","size_mb":0.0001,"file_name":")" + name + R"(.zip.part-aa"}]})";
  }
  static ipld::Cid id_for(const std::string& name, const std::string& task = "chat") {
    return ipld::Cid::raw_of(view_of(metadata_for(name, task)));
  }
  static void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  static std::string text(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  // Every path below the home with its time of change, and of files what is in them.
  std::map<std::string, std::string> tree() const {
    std::map<std::string, std::string> out;
    for (const auto& entry : fs::recursive_directory_iterator(home)) {
      const auto changed = entry.last_write_time().time_since_epoch().count();
      out[entry.path().string()] = std::to_string(changed) + (entry.is_regular_file() ? text(entry.path()) : "");
    }
    return out;
  }

  ipld::Cid put(const std::string& name, const std::map<std::string, std::string>& files) {
    auto lock = store.lock(id_for(name), FileLock::Wait::no);
    EXPECT_TRUE(lock);
    fs::path partial = *store.partial_folder(*lock);
    std::vector<StoredFile> entries;
    for (const auto& [file, bytes] : files) {
      write(partial / file, bytes);
      entries.push_back({file, bytes.size(), ipld::sha256(view_of(bytes))});
    }
    auto model = store.commit(*lock, view_of(metadata_for(name)), Origin::downloaded, entries);
    EXPECT_TRUE(model) << model.error().message;
    return lock->id();
  }
};

}  // namespace eai::store
