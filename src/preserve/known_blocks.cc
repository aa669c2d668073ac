#include "preserve/known_blocks.h"

#include <algorithm>

#include "preserve/folder.h"
#include "preserve/hash_unixfs.h"
#include "util/own_folder.h"

namespace eai::preserve {

using ipld::Sha256;

BlockSize block_size(const ipld::Cid& cid, std::uint64_t size) {
  BlockSize out{{}, size};
  std::copy_n(cid.hash().digest.begin(), out.digest.size(), out.digest.begin());
  return out;
}

std::vector<TreeBlocks> trees_of(const std::vector<BlockSize>& blocks, const std::vector<TreeEnd>& ends) {
  std::vector<TreeBlocks> out;
  std::size_t begin = 0;
  for (const TreeEnd& tree : ends) {
    out.push_back({tree.root, std::span(blocks).subspan(begin, tree.end - begin)});
    begin = tree.end;
  }
  return out;
}

Result<void> write_block_list(const fs::path& file, const std::vector<BlockSize>& blocks) {
  Bytes bytes;
  for (const BlockSize& block : blocks) bytes.insert(bytes.end(), block.digest.begin(), block.digest.end());
  EAI_TRY(const OwnFolder folder, OwnFolder::make(file.parent_path(), Privacy::secret));
  return folder.write(file.filename().string(), bytes);
}

Result<Digests> read_block_lists(const std::vector<fs::path>& files) {
  Digests known;
  for (const fs::path& file : files) {
    EAI_TRY(const Bytes bytes, read_file(file, k_gib));
    Sha256 digest{};
    for (std::size_t at = 0; at + digest.size() <= bytes.size(); at += digest.size()) {
      std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), digest.size(), digest.begin());
      known.insert(digest);
    }
  }
  return known;
}

void add_blocks(Digests& known, const ipld::LeafTable& leaves, const std::vector<ipld::Block>& inner) {
  const auto add = [&](const ipld::Cid& cid) {
    if (cid.hash().code == ipld::HashCode::sha2_256) known.insert(block_size(cid, 0).digest);
  };
  for (std::size_t leaf = 0; leaf < leaves.count(); ++leaf) {
    if (leaves.kind(leaf) != ipld::LeafKind::held) add(leaves.cid(leaf));
  }
  for (const ipld::Block& block : inner) add(block.cid);
}

std::uint64_t bytes_without(const std::vector<BlockSize>& blocks, const Digests& had) {
  Digests seen;
  std::uint64_t sum = 0;
  for (const BlockSize& block : blocks) {
    if (seen.insert(block.digest).second && !had.contains(block.digest)) sum += block.size;
  }
  return sum;
}

Result<std::vector<BlockSize>> unixfs_blocks(const SourceFiles& files, model::Layout layout, unsigned threads,
                                             const std::function<void(std::uint64_t)>& progress,
                                             const std::stop_token& stop) {
  Workers workers(pool_threads(threads));
  std::vector<BlockSize> blocks;
  std::uint64_t before = 0;
  for (const auto& file : files) {
    EAI_TRY(const auto gguf, read_header(*file, Header::if_gguf));
    auto read = [&](std::uint64_t done) { progress(before + done); };
    EAI_TRY(const HashedFile hashed, hash_unixfs(file, regions_of(gguf, file->size(), layout), workers, read, stop));
    EAI_CHECK(file->still_same());
    before += file->size();
    hashed.each_block([&](const ipld::Cid& cid, std::uint64_t size) { blocks.push_back(block_size(cid, size)); });
  }
  return blocks;
}

}  // namespace eai::preserve
