#include "preserve/pack_archive.h"

#include <algorithm>
#include <deque>

#include "model/metadata.h"

namespace eai::preserve {
namespace {

using model::PackedBlock;

constexpr std::uint64_t k_sampled_blocks = 16;  // what estimate_packed() packs: some tens of milliseconds

// Takes the packed stream and cuts it into parts.
class PartWriter {
 public:
  PartWriter(const PackOptions& options, Workers& workers, PartSink& sink)
      : options_(options), workers_(workers), sink_(sink) {}

  Result<void> append(ByteView bytes) {
    packed_ += bytes.size();
    while (!bytes.empty()) {
      if (!open_) EAI_CHECK(begin());
      const auto room =
          static_cast<std::size_t>(std::min<std::uint64_t>(options_.part_size - part_.size, bytes.size()));
      EAI_CHECK(take(bytes.first(room)));
      bytes = bytes.subspan(room);
      if (part_.size == options_.part_size) EAI_CHECK(end());
    }
    return {};
  }

  Result<void> finish() { return open_ ? end() : Result<void>(); }
  std::uint64_t packed() const { return packed_; }
  std::size_t parts() const { return count_; }

 private:
  Result<void> begin() {
    const std::string name = options_.folder_name + ".zip.part-" + model::split_suffix(count_);
    EAI_TRY(PartSink::Begin begin, sink_.begin(name));
    part_ = Part{name, 0, {}, begin.profile, ipld::raw_leaf({}, 0), std::move(begin.file), {}};
    hasher_ = ipld::Sha256Hasher();
    tree_ = std::make_unique<ipld::FileTree>(part_.profile, [this](const ipld::Cid& cid, const Bytes& block) {
      part_.blocks.push_back(block_size(cid, block.size()));
    });
    open_ = true;
    ++count_;
    return {};
  }

  Result<void> take(ByteView bytes) {
    hasher_.update(bytes);
    if (part_.bytes) {
      if (auto written = write_at(part_.bytes->fd(), part_.size, bytes); !written) {
        return Failure(std::move(written).error().with("keeping " + part_.name + " until it is sent"));
      }
    }
    part_.size += bytes.size();
    while (!bytes.empty()) {
      const std::size_t room = std::min<std::size_t>(part_.profile.chunk - leaf_.size(), bytes.size());
      leaf_.insert(leaf_.end(), bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(room));
      bytes = bytes.subspan(room);
      if (leaf_.size() == part_.profile.chunk) send_leaf();
    }
    return {};
  }

  void send_leaf() {
    leaves_.push_back(
        workers_.submit([leaf = std::move(leaf_), profile = part_.profile, &buffers = workers_.buffers()]() mutable {
          ipld::TreeNode node = ipld::make_leaf(profile, leaf);
          buffers.give(std::move(leaf));
          return node;
        }));
    leaf_ = workers_.buffers().take();
    leaf_.clear();
    leaf_.reserve(part_.profile.chunk);
    while (leaves_.size() > workers_.ahead()) take_leaf();
  }

  void take_leaf() {
    ipld::TreeNode leaf = workers_.get(leaves_.front());
    leaves_.pop_front();
    part_.blocks.push_back(block_size(leaf.cid, leaf.tsize));
    tree_->add(std::move(leaf));
  }

  Result<void> end() {
    if (!leaf_.empty()) send_leaf();
    while (!leaves_.empty()) take_leaf();
    part_.root = tree_->finish();
    part_.sha256 = hasher_.finish();
    if (part_.bytes) part_.bytes->set_size(part_.size);
    open_ = false;
    return sink_.end(std::move(part_));
  }

  const PackOptions& options_;
  Workers& workers_;
  PartSink& sink_;
  bool open_ = false;
  std::size_t count_ = 0;
  std::uint64_t packed_ = 0;
  Part part_{{}, 0, {}, {}, ipld::raw_leaf({}, 0), nullptr, {}};
  ipld::Sha256Hasher hasher_;
  std::unique_ptr<ipld::FileTree> tree_;
  Bytes leaf_;
  std::deque<std::future<ipld::TreeNode>> leaves_;
};

Result<PackedBlock> pack_block(const model::TarPlan& plan, const SourceFiles& files, std::uint64_t offset,
                               Bytes buffer) {
  thread_local model::BlockPacker packer;
  PackedBlock block{std::move(buffer)};
  const auto read = [&](std::size_t index, std::uint64_t at, std::span<std::uint8_t> into) {
    return files[index]->read(at, into);
  };
  EAI_CHECK(packer.pack(plan, offset, read, block));
  return block;
}

}  // namespace

Result<PackReport> pack_archive(const model::TarPlan& plan, const SourceFiles& files, const PackOptions& options,
                                Workers& workers, PartSink& sink, const OnPacked& progress,
                                const std::stop_token& stop) {
  PackReport report;
  PartWriter writer(options, workers, sink);
  model::GzipTail tail;
  EAI_CHECK(writer.append(model::gzip_head()));
  std::deque<std::future<Result<PackedBlock>>> blocks;
  // A task refers to plan and files of this call, so none may be left behind.
  auto wait_for_all = [&] {
    for (auto& block : blocks) block.wait();
  };
  std::uint64_t next = 0;
  while (next < plan.size() || !blocks.empty()) {
    while (next < plan.size() && blocks.size() < workers.ahead()) {
      blocks.push_back(workers.submit([&plan, &files, next, &buffers = workers.buffers()] {
        return pack_block(plan, files, next, buffers.take());
      }));
      next += model::k_pack_block;
    }
    Result<PackedBlock> block = workers.get(blocks.front());
    blocks.pop_front();
    Result<void> appended;
    if (stop.stop_requested()) {
      appended = fail(Code::cancelled, "stopped");
    } else if (!block) {
      appended = Failure(block.error());
    } else {
      appended = writer.append(block->bytes);
    }
    if (!appended) {
      wait_for_all();
      return Failure(std::move(appended).error());
    }
    tail.add(*block);
    workers.buffers().give(std::move(block->bytes));
    report.raw += block->raw_size;
    if (block->stored) report.stored += block->raw_size;
    progress(report.raw, writer.packed());
  }
  EAI_CHECK(writer.append(tail.finish()));
  EAI_CHECK(writer.finish());
  report.packed = writer.packed();
  report.parts = writer.parts();
  return report;
}

Result<std::uint64_t> estimate_packed(const model::TarPlan& plan, const SourceFiles& files) {
  const std::uint64_t blocks = (plan.size() + model::k_pack_block - 1) / model::k_pack_block;
  const std::uint64_t step = std::max<std::uint64_t>(1, blocks / k_sampled_blocks);
  double raw = 0, packed = 0;
  // From the middle of each stretch: the first block, a header, is like no other.
  for (std::uint64_t block = step / 2; block < blocks; block += step) {
    EAI_TRY(const PackedBlock sample, pack_block(plan, files, block * model::k_pack_block, {}));
    raw += static_cast<double>(sample.raw_size);
    packed += static_cast<double>(sample.bytes.size());
  }
  return static_cast<std::uint64_t>(packed / raw * static_cast<double>(plan.size()));
}

}  // namespace eai::preserve
