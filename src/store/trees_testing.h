// Why: several tests of the store need a model with trees. Only tests include this.
// Thread: one.
#pragma once

#include <algorithm>
#include <random>

#include "ipld/tree_walk.h"
#include "store/store_testing.h"

namespace eai::store {

// A unixfs model of a file of many leaves, another of one block of dag-pb, and one of one raw block.
struct TreeFixture : StoreFixture {
  struct File {
    std::string name, content;
    ipld::TreeNode root{ipld::Cid::raw_of({}), 0, 0};
    std::vector<ipld::Block> blocks = {};  // those of dag-pb
  };
  std::vector<File> files;
  std::string metadata;

  TreeFixture() {
    files.push_back(make("a/many.txt", {"", 1, ipld::Leaves::raw, 10, 3}, 1000));
    files.push_back(make("b/wrapped.txt", {"", 0, ipld::Leaves::dag_pb, 100, 3}, 50));
    files.push_back(make("c/raw.txt", ipld::k_unixfs_v1_2025, 70));
    metadata = R"({"folder_name":"images","format":"unixfs","task":"image-generation","files":[)";
    for (const File& file : files) {
      metadata += R"({"cid":")" + file.root.cid.str() + R"(","size":)" + std::to_string(file.content.size()) +
                  R"(,"sha256":")" + to_hex(ipld::sha256(view_of(file.content))) + R"(","file_name":")" + file.name +
                  "\"},";
    }
    metadata.back() = ']';
    metadata += "}";
  }

  static File make(const std::string& name, const ipld::Profile& profile, std::size_t size) {
    std::mt19937 random(static_cast<std::uint32_t>(size));
    File out{name, std::string(size, ' ')};
    for (char& letter : out.content) letter = static_cast<char>('a' + random() % 26);
    ipld::FileTree tree(profile, [&](const ipld::Cid& cid, Bytes block) {
      out.blocks.push_back({cid, std::move(block)});
    });
    for (std::size_t at = 0; at < size; at += profile.chunk) {
      const std::size_t here = std::min<std::size_t>(profile.chunk, size - at);
      Bytes block;
      ipld::TreeNode leaf = ipld::make_leaf(profile, view_of(out.content).subspan(at, here), &block);
      if (!block.empty()) out.blocks.push_back({leaf.cid, std::move(block)});
      tree.add(std::move(leaf));
    }
    out.root = tree.finish();
    return out;
  }

  ipld::Cid id() const { return ipld::Cid::raw_of(view_of(metadata)); }
  // Of the first `count` files, with at most `blocks` of each.
  std::vector<ipld::TreeWalk> trees(std::size_t count = 3, std::size_t blocks = 1000) const {
    std::vector<ipld::TreeWalk> out;
    for (std::size_t i = 0; i < count; ++i) {
      const File& file = files[i];
      out.push_back(ipld::TreeWalk::begin(file.root.cid, file.content.size()).value());
      for (auto cid = out.back().next(); cid && blocks > 0; cid = out.back().next(), --blocks) {
        const auto found =
            std::find_if(file.blocks.begin(), file.blocks.end(), [&](const auto& block) { return block.cid == *cid; });
        EXPECT_TRUE(out.back().give(*cid, found->bytes));
      }
    }
    return out;
  }
  Result<Model> commit(const std::vector<ipld::TreeWalk>& kept) {
    EAI_TRY(const auto lock, store.lock(id(), FileLock::Wait::no));
    EAI_TRY(const fs::path partial, store.partial_folder(lock));
    std::vector<StoredFile> entries;
    for (const File& file : files) {
      entries.push_back({payload_name(file.name), file.content.size(), ipld::sha256(view_of(file.content))});
      write(partial / entries.back().name, file.content);
    }
    return store.commit(lock, view_of(metadata), Origin::downloaded, entries, kept);
  }
};

}  // namespace eai::store
