#include "preserve/hash_unixfs.h"

#include <algorithm>
#include <deque>
#include <unordered_map>

namespace eai::preserve {
namespace {

using ipld::FileTree;
using ipld::k_unixfs_v1_2025;
using ipld::TreeNode;

using Hashes = std::vector<ipld::Sha256>;

constexpr std::uint64_t k_window = 4 * k_mib;  // smaller ones cost more each than they hold

// The leaves of one task: up to 1 MiB of the file, cut where leaves end.
Hashes hash_leaves(ByteView bytes, const std::vector<std::uint64_t>& sizes) {
  Hashes hashes;
  for (std::uint64_t size : sizes) {
    hashes.push_back(ipld::sha256(bytes.first(static_cast<std::size_t>(size))));
    bytes = bytes.subspan(static_cast<std::size_t>(size));
  }
  return hashes;
}

struct Task {
  ByteRange range;
  std::vector<std::uint64_t> sizes;
  std::shared_ptr<const FileWindow> window = nullptr;  // while it is under way
  ByteView bytes{};                                    // of it
  std::future<Hashes> result{};
};

// All leaves' ranges, region by region, in tasks of at most one chunk.
std::vector<Task> plan(const std::vector<ByteRange>& regions) {
  std::vector<Task> tasks;
  for (const ByteRange& region : regions) {
    for (std::uint64_t at = region.begin; at < region.end; at += k_unixfs_v1_2025.chunk) {
      const std::uint64_t size = std::min(k_unixfs_v1_2025.chunk, region.end - at);
      const bool joins = !tasks.empty() && tasks.back().range.size() + size <= k_unixfs_v1_2025.chunk;
      if (!joins) tasks.push_back({{at, at}, {}});
      tasks.back().range.end += size;
      tasks.back().sizes.push_back(size);
    }
  }
  return tasks;
}

// Gives the tasks their bytes, in windows that begin and end with a task.
class Windows {
 public:
  Windows(const SourceFile& file, std::vector<Task>& tasks) : file_(file), tasks_(tasks) {}

  Result<void> open_for(std::size_t index) {
    Task& task = tasks_[index];
    if (task.range.end > range_.end) {
      range_ = task.range;
      for (std::size_t i = index; i < tasks_.size() && tasks_[i].range.end - range_.begin <= k_window; ++i)
        range_.end = tasks_[i].range.end;
      EAI_TRY(window_, file_.window(range_));
    }
    task.window = window_;
    task.bytes = window_->bytes().subspan(static_cast<std::size_t>(task.range.begin - range_.begin),
                                          static_cast<std::size_t>(task.range.size()));
    return {};
  }

 private:
  const SourceFile& file_;
  std::vector<Task>& tasks_;
  ByteRange range_{0, 0};
  std::shared_ptr<const FileWindow> window_;
};

// Leaves in, subtrees per region, one tree over them.
class Builder {
 public:
  Builder(HashedFile& out, const std::vector<ByteRange>& regions)
      : out_(out), regions_(regions), top_(k_unixfs_v1_2025, keep()), region_(k_unixfs_v1_2025, keep()) {}

  void leaf(const ipld::Sha256& hash, std::uint64_t size) {
    TreeNode node = ipld::raw_leaf(hash, size);
    out_.leaves.push_back({node.cid, {at_, at_ + size}});
    at_ += size;
    region_.add(std::move(node));
    if (at_ != regions_[next_].end) return;
    top_.add(region_.finish());
    region_ = FileTree(k_unixfs_v1_2025, keep());
    ++next_;
  }
  TreeNode finish() { return top_.finish(); }

 private:
  FileTree::OnBlock keep() {
    return [this](const ipld::Cid& cid, Bytes block) { out_.inner.push_back({cid, std::move(block)}); };
  }
  HashedFile& out_;
  const std::vector<ByteRange>& regions_;
  FileTree top_, region_;
  std::size_t next_ = 0;
  std::uint64_t at_ = 0;
};

}  // namespace

std::vector<ByteRange> regions_of(const std::optional<model::GgufInfo>& gguf, std::uint64_t size,
                                  model::Layout layout) {
  std::vector<std::uint64_t> starts{0};
  if (layout == model::Layout::tensor && gguf) {
    for (const auto& tensor : gguf->tensors) {
      if (tensor.range.size() > 0) starts.push_back(tensor.range.begin);
    }
  }
  std::sort(starts.begin(), starts.end());
  starts.erase(std::unique(starts.begin(), starts.end()), starts.end());
  std::vector<ByteRange> regions;
  for (std::size_t i = 0; i < starts.size(); ++i) {
    const std::uint64_t end = i + 1 < starts.size() ? starts[i + 1] : size;
    if (end > starts[i]) regions.push_back({starts[i], end});
  }
  return regions;
}

Result<HashedFile> hash_unixfs(std::shared_ptr<SourceFile> file, const std::vector<ByteRange>& regions,
                               Workers& workers, const std::function<void(std::uint64_t)>& progress,
                               const std::stop_token& stop) {
  HashedFile out{file, {}, ipld::raw_leaf({}, 0), {}, {}};
  Builder builder(out, regions);
  ipld::Sha256Hasher whole;
  std::vector<Task> tasks = plan(regions);
  Windows windows(*file, tasks);
  std::size_t begun = 0;
  std::uint64_t hashed = 0;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    for (; begun < tasks.size() && begun < i + workers.ahead(); ++begun) {
      Task& next = tasks[begun];
      EAI_CHECK(windows.open_for(begun));
      next.result = workers.submit(
          [window = next.window, bytes = next.bytes, sizes = next.sizes] { return hash_leaves(bytes, sizes); });
    }
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    Task& task = tasks[i];
    whole.update(task.bytes);
    const Hashes hashes = workers.get(task.result);
    EAI_CHECK(file->whole(*task.window));
    for (std::size_t k = 0; k < hashes.size(); ++k) builder.leaf(hashes[k], task.sizes[k]);
    hashed += task.range.size();
    task.window.reset();
    progress(hashed);
  }
  out.root = builder.finish();
  out.sha256 = whole.finish();
  return out;
}

Result<ipld::TreeWalk> walk_of(const HashedFile& file) {
  std::unordered_map<ipld::Cid, const Bytes*> blocks;
  for (const ipld::Block& block : file.inner) blocks.emplace(block.cid, &block.bytes);
  EAI_TRY(auto walk, ipld::TreeWalk::begin(file.root.cid, file.root.size));
  while (const auto cid = walk.next()) EAI_CHECK(walk.give(*cid, *blocks.at(*cid)));
  return walk;
}

Result<TreeNode> import_body(const Body& body, const ipld::Profile& profile, const OnLeaf& on_leaf,
                             const FileTree::OnBlock& on_inner) {
  FileTree tree(profile, on_inner);
  Bytes chunk, block;
  for (std::uint64_t at = 0; at < body.size(); at += profile.chunk) {
    chunk.resize(static_cast<std::size_t>(std::min<std::uint64_t>(profile.chunk, body.size() - at)));
    EAI_CHECK(body.read(at, chunk));
    block.clear();
    TreeNode leaf = ipld::make_leaf(profile, chunk, &block);
    if (on_leaf) EAI_CHECK(on_leaf(leaf.cid, block.empty() ? ByteView(chunk) : ByteView(block)));
    tree.add(std::move(leaf));
  }
  return tree.finish();
}

}  // namespace eai::preserve
