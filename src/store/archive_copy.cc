#include "store/archive_copy.h"

#include <algorithm>
#include <deque>
#include <future>
#include <mutex>
#include <thread>
#include <unordered_map>

#include <boost/asio/post.hpp>

#include "store/archive_stream.h"
#include "util/thread_crew.h"

namespace eai::store {
namespace {

using ipld::TreeNode;
using model::PackedBlock;

constexpr std::size_t k_most_threads = 16;
constexpr std::size_t k_ahead = 4;  // blocks beyond one for each thread

// Blocks whose memory is used again.
class BlockPool {
 public:
  std::shared_ptr<PackedBlock> take() {
    std::unique_ptr<PackedBlock> block;
    {
      const std::lock_guard hold(mutex_);
      if (!free_.empty()) {
        block = std::move(free_.back());
        free_.pop_back();
      }
    }
    if (!block) block = std::make_unique<PackedBlock>();
    return {block.release(), [this](PackedBlock* used) { give(std::unique_ptr<PackedBlock>(used)); }};
  }

 private:
  void give(std::unique_ptr<PackedBlock> block) {
    const std::lock_guard hold(mutex_);
    free_.push_back(std::move(block));
  }
  std::mutex mutex_;
  std::vector<std::unique_ptr<PackedBlock>> free_;
};

// Some bytes of the stream, and what keeps them alive.
struct Slice {
  std::shared_ptr<const void> owner;
  ByteView bytes;
};

template <typename F>
auto submit(ThreadCrew& crew, F work) -> std::future<decltype(work())> {
  auto task = std::make_shared<std::packaged_task<decltype(work())()>>(std::move(work));
  auto result = task->get_future();
  boost::asio::post(crew.executor(), [task] { (*task)(); });
  return result;
}

// The trees that a part may have under profiles which cut it into the same leaves.
class Cut {
 public:
  Cut(std::vector<ipld::Profile> profiles, ThreadCrew& crew) : profiles_(std::move(profiles)), crew_(crew) {
    trees_.resize(profiles_.size());
    for (std::size_t i = 0; i < profiles_.size(); ++i) {
      trees_[i].tree =
          std::make_unique<ipld::FileTree>(profiles_[i], [&inner = trees_[i].inner](const ipld::Cid& cid, Bytes block) {
            inner.push_back({cid, std::move(block)});
          });
    }
  }

  void add(Slice slice) {
    while (!slice.bytes.empty()) {
      const std::size_t room = std::min<std::size_t>(profiles_.front().chunk - gathered_, slice.bytes.size());
      pieces_.push_back({slice.owner, slice.bytes.first(room)});
      slice.bytes = slice.bytes.subspan(room);
      gathered_ += room;
      if (gathered_ == profiles_.front().chunk) hash_leaf();
    }
  }

  struct Found {
    ipld::Profile profile;
    std::vector<ipld::Block> inner;
  };
  // When all bytes are here: the tree with this root, if it is one of them.
  std::optional<Found> finish(const ipld::Cid& root) {
    if (gathered_ > 0) hash_leaf();
    while (!leaves_.empty()) take_leaf();
    for (std::size_t i = 0; i < trees_.size(); ++i) {
      if (trees_[i].tree->finish().cid == root) return Found{profiles_[i], std::move(trees_[i].inner)};
    }
    return std::nullopt;
  }

 private:
  void hash_leaf() {
    leaves_.push_back(submit(crew_, [pieces = std::move(pieces_), profile = profiles_.front()] {
      thread_local Bytes content;
      content.clear();
      for (const Slice& piece : pieces) content.insert(content.end(), piece.bytes.begin(), piece.bytes.end());
      return ipld::make_leaf(profile, content);
    }));
    pieces_.clear();
    gathered_ = 0;
    while (leaves_.size() > crew_.size() + k_ahead) take_leaf();
  }
  void take_leaf() {
    const TreeNode leaf = leaves_.front().get();
    leaves_.pop_front();
    for (Tree& one : trees_) one.tree->add(leaf);
  }

  struct Tree {
    std::unique_ptr<ipld::FileTree> tree;
    std::vector<ipld::Block> inner;
  };
  std::vector<ipld::Profile> profiles_;  // at least one; they differ in nothing but their width
  ThreadCrew& crew_;
  std::vector<Tree> trees_;
  std::vector<Slice> pieces_;  // of the next leaf
  std::size_t gathered_ = 0;
  std::deque<std::future<TreeNode>> leaves_;
};

// How a part of this CID may have been cut.
std::vector<ipld::Profile> profiles_for(const model::PartEntry& part) {
  if (part.cid.codec() == ipld::Codec::raw) {
    if (part.size > ipld::k_block_limit) return {};
    return {{"one block", 1, ipld::Leaves::raw, part.size, 2}};
  }
  std::vector<ipld::Profile> out;
  for (const ipld::Profile& profile : ipld::known_profiles()) {
    if (profile.cid_version == part.cid.version()) out.push_back(profile);
  }
  return out;
}

Result<ipld::TreeWalk> walk_tree(const model::PartEntry& part, const std::vector<ipld::Block>& inner) {
  std::unordered_map<ipld::Cid, const Bytes*> blocks;
  for (const ipld::Block& block : inner) blocks.emplace(block.cid, &block.bytes);
  EAI_TRY(auto walk, ipld::TreeWalk::begin(part.cid, part.size));
  while (const auto wanted = walk.next()) {
    const auto block = blocks.find(*wanted);
    EAI_CHECK(block == blocks.end() ? walk.take_for_leaf(*wanted) : walk.give(*wanted, *block->second));
  }
  return walk;
}

}  // namespace

// Packs everything once and finds out whether the parts are the ones that the metadata name.
class ArchiveCopy::Making {
 public:
  static Result<std::vector<Part>> run(ArchiveStream& stream, const model::Metadata& metadata, const Progress& progress,
                                       const std::stop_token& stop) {
    const std::size_t wanted = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, k_most_threads);
    EAI_TRY(auto crew, ThreadCrew::start(wanted));
    Making making(stream, metadata, std::move(crew));
    EAI_CHECK(making.pack_all(progress, stop));
    EAI_CHECK(stream.still_same());
    return std::move(making.parts_);
  }

 private:
  Making(ArchiveStream& stream, const model::Metadata& metadata, std::unique_ptr<ThreadCrew> crew)
      : stream_(stream), files_(metadata.files), crew_(std::move(crew)) {}

  Result<void> pack_all(const Progress& progress, const std::stop_token& stop) {
    EAI_CHECK(feed({nullptr, stream_.head()}));
    std::deque<std::future<Result<std::shared_ptr<PackedBlock>>>> packing;
    std::uint64_t done = 0;
    for (std::size_t next = 0; next < stream_.blocks() || !packing.empty();) {
      for (; next < stream_.blocks() && packing.size() < crew_->size() + k_ahead; ++next)
        packing.push_back(submit(*crew_, [this, next] { return pack(next); }));
      if (stop.stop_requested()) return fail(Code::cancelled, "interrupted");
      EAI_TRY(const std::shared_ptr<PackedBlock> block, packing.front().get());
      packing.pop_front();
      stream_.note(*block);
      EAI_CHECK(feed({block, block->bytes}));
      done += block->raw_size;
      if (progress) progress(done, stream_.raw_size());
    }
    EAI_CHECK(feed({nullptr, stream_.end()}));
    return parts_.size() == files_.size() ? Result<void>() : not_reproducible();
  }

  Result<std::shared_ptr<PackedBlock>> pack(std::size_t index) {
    auto block = pool_.take();
    EAI_CHECK(stream_.pack(index, *block));
    return block;
  }

  Result<void> feed(Slice slice) {
    while (!slice.bytes.empty()) {
      if (cuts_.empty()) EAI_CHECK(begin());
      const std::uint64_t left = files_[parts_.size()].size - taken_;
      const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(left, slice.bytes.size()));
      for (Cut& cut : cuts_) cut.add({slice.owner, slice.bytes.first(size)});
      slice.bytes = slice.bytes.subspan(size);
      taken_ += size;
      if (size == left) EAI_CHECK(end());
    }
    return {};
  }

  // All parts are cut alike, so what the first one shows holds for the others.
  Result<void> begin() {
    if (parts_.size() == files_.size() || !files_[parts_.size()].size_is_exact) return not_reproducible();
    std::vector<ipld::Profile> left = profiles_for(files_[parts_.size()]);
    if (profile_ && std::ranges::find(left, *profile_) != left.end()) left = {*profile_};
    if (left.empty()) return cut_strangely();
    while (!left.empty()) {
      const ipld::Profile first = left.front();
      const auto others = std::stable_partition(left.begin(), left.end(), [&](const ipld::Profile& one) {
        return one.chunk == first.chunk && one.leaves == first.leaves;
      });
      cuts_.emplace_back(std::vector<ipld::Profile>(left.begin(), others), *crew_);
      left.erase(left.begin(), others);
    }
    taken_ = 0;
    return {};
  }

  Result<void> end() {
    const model::PartEntry& entry = files_[parts_.size()];
    std::optional<Cut::Found> found;
    for (Cut& cut : cuts_) {
      auto tree = cut.finish(entry.cid);
      if (tree) found = std::move(tree);
    }
    cuts_.clear();
    if (!found) return not_reproducible();
    if (entry.cid.codec() != ipld::Codec::raw) profile_ = found->profile;
    Part part{entry.cid, begin_, entry.size, {}, {}};
    if (entry.cid.codec() == ipld::Codec::raw) {
      EAI_TRY(part.leaves, ipld::LeafTable::of_block(entry.cid, entry.size));
    } else {
      EAI_TRY(auto walk, walk_tree(entry, found->inner));
      EAI_TRY(part.leaves, walk.leaves());
      part.inner = walk.inner();
    }
    begin_ += entry.size;
    parts_.push_back(std::move(part));
    return {};
  }

  static Failure cut_strangely() {
    return fail(Code::unsupported,
                "the parts of its archive are cut into blocks in a way that this version does not know");
  }

  ArchiveStream& stream_;
  const std::vector<model::PartEntry>& files_;
  BlockPool pool_;
  std::vector<Part> parts_;
  std::optional<ipld::Profile> profile_;
  std::deque<Cut> cuts_;  // of the part that is being made; none between parts
  std::uint64_t taken_ = 0, begin_ = 0;
  std::unique_ptr<ThreadCrew> crew_;  // last: its threads use the rest
};

ArchiveCopy::ArchiveCopy(std::unique_ptr<ArchiveStream> stream) : stream_(std::move(stream)) {}
ArchiveCopy::ArchiveCopy(ArchiveCopy&&) noexcept = default;
ArchiveCopy& ArchiveCopy::operator=(ArchiveCopy&&) noexcept = default;
ArchiveCopy::~ArchiveCopy() = default;

Result<ArchiveCopy> ArchiveCopy::make(const Model& model, const Progress& progress, const std::stop_token& stop) {
  if (model.metadata.format != model::Format::archive)
    return fail(Code::unsupported, "the model did not come as an archive, so it has no parts to make again");
  EAI_TRY(auto stream, ArchiveStream::open(model));
  ArchiveCopy out(std::move(stream));
  EAI_TRY(out.parts_, Making::run(*out.stream_, model.metadata, progress, stop));
  return out;
}

Result<void> ArchiveCopy::read(std::size_t part, std::uint64_t offset, std::span<std::uint8_t> into) {
  return stream_->read(parts_[part].begin + offset, into);
}

}  // namespace eai::store
