// Why: the answers of a DagWalk over small DAGs, for unit tests.
// Thread: any; these are pure functions, except that `blocks` belongs to the caller.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "ipld/dag_select.h"
#include "ipld/directory_testing.h"

namespace eai::ipld {

struct Answer {
  std::vector<Cid> cids;
  std::optional<Error> error;
  bool path_done = false;
};

// The whole answer. The caller has only `blocks`.
inline Answer answer(Selection selection, const Blocks& blocks) {
  Answer out;
  auto walk = DagWalk::begin(std::move(selection));
  if (!walk) {
    out.error = walk.error();
    return out;
  }
  for (;;) {
    auto step = walk->next();
    out.path_done = walk->path_done();
    if (!step) {
      out.error = step.error();
      return out;
    }
    if (!*step) return out;
    const Cid& cid = (*step)->cid;
    EXPECT_NE(cid.hash().code, HashCode::identity);
    EXPECT_FALSE((*step)->on_path && (*step)->is_terminus);
    EXPECT_TRUE((*step)->on_path || out.path_done);
    out.cids.push_back(cid);
    if (!(*step)->needs_bytes) continue;
    const Bytes* block = blocks.find(cid);
    if (block == nullptr) {
      out.error = Error{Code::network, "the block is missing", Hint::none, {}};
      return out;
    }
    if (auto given = walk->give(*block); !given) {
      out.error = given.error();
      auto after = walk->next();  // the fault stays
      EXPECT_TRUE(!after && after.error().code == given.error().code);
      return out;
    }
  }
}

inline std::string code_of(const Answer& answer) {
  return answer.error ? std::string(name_of(answer.error->code)) : "";
}

inline TreeNode import(std::string_view content, const Profile& profile, Blocks& blocks,
                       std::vector<Cid>* leaves = nullptr) {
  FileTree tree(profile, [&](const Cid& cid, Bytes block) { blocks.put(cid, std::move(block)); });
  for (std::size_t at = 0; at < content.size(); at += profile.chunk) {
    const ByteView chunk = view_of(content.substr(at, profile.chunk));
    Bytes block;
    TreeNode leaf = make_leaf(profile, chunk, &block);
    blocks.put(leaf.cid, block.empty() ? Bytes(chunk.begin(), chunk.end()) : std::move(block));
    if (leaves != nullptr) leaves->push_back(leaf.cid);
    tree.add(std::move(leaf));
  }
  return tree.finish();
}

inline constexpr Profile k_small{"", 1, Leaves::raw, 4, 174};
inline constexpr Profile k_wrapped{"", 0, Leaves::dag_pb, 4, 174};

inline TreeNode folder(std::vector<DirectoryEntry> entries, Blocks& blocks) {
  Directory made = make_directory(k_small, std::move(entries)).value();
  blocks.put(made.node.cid, std::move(made.block));
  return made.node;
}

// /sub/one (a block), /sub/many (five leaves of which one is shorter), /top
struct Tree {
  Blocks blocks;
  std::vector<Cid> leaves;
  TreeNode one = import("one", k_small, blocks);
  TreeNode many = import("aaaabbbbccccdddde", k_small, blocks, &leaves);
  TreeNode top = import("top", k_small, blocks);
  TreeNode sub = folder({{"one", one}, {"many", many}}, blocks);
  TreeNode root = folder({{"sub", sub}, {"top", top}}, blocks);

  std::vector<Cid> many_and(std::size_t from, std::size_t to) const {
    std::vector<Cid> out{many.cid};
    out.insert(out.end(), leaves.begin() + static_cast<std::ptrdiff_t>(from),
               leaves.begin() + static_cast<std::ptrdiff_t>(to));
    return out;
  }
};

inline std::vector<Cid> joined(std::vector<Cid> a, const std::vector<Cid>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

}  // namespace eai::ipld
