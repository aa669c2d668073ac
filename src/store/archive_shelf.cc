// The blocks of a model that came as an archive: its parts are made again from the model's files, a leaf at a time.
#include <unordered_map>
#include <utility>

#include "ipld/unixfs.h"
#include "store/archive_copy.h"
#include "store/leaf_index.h"
#include "store/metadata_block.h"
#include "store/shelf.h"
#include "util/log.h"

namespace eai::store {
namespace {

// Content is found by its multihash.
ipld::Cid key_of(const ipld::Cid& cid) { return ipld::Cid::v1(ipld::Codec::raw, cid.hash()); }

class ArchiveShelf final : public Shelf {
 public:
  ArchiveShelf(const Model& model, MetadataBlock metadata, ArchiveCopy copy)
      : id_(model.id), metadata_(std::move(metadata)), copy_(std::move(copy)) {}

  Result<void> fill() {
    for (std::size_t part = 0; part < copy_->parts(); ++part) {
      EAI_CHECK(index_.add(copy_->leaves(part), static_cast<std::uint32_t>(part)));
      for (const ipld::Block& block : copy_->tree_blocks(part)) inner_.emplace(key_of(block.cid), &block);
      size_ += copy_->size(part);
    }
    index_.seal();
    return {};
  }

  Result<PlacedBytes> block(const ipld::Cid& cid) override {
    if (metadata_.is(cid)) return metadata_.block();
    if (!copy_ || !metadata_.is_here()) return fail(Code::not_found, "the model is no longer here");
    if (const auto found = inner_.find(key_of(cid)); found != inner_.end())
      return PlacedBytes{nullptr, {}, found->second->bytes};
    const auto places = index_.find(cid, [&](auto place) { return copy_->leaves(place.table).cid(place.leaf); });
    if (places.empty()) return fail(Code::not_found, "no block of this model");
    const auto [part, leaf] = places.front();
    const ipld::LeafTable& leaves = copy_->leaves(part);
    EAI_TRY(Bytes content, content_of(part, leaf));
    if (leaves.kind(leaf) == ipld::LeafKind::raw) return PlacedBytes{nullptr, {}, std::move(content)};
    EAI_TRY(Bytes block, ipld::leaf_block(leaves.cid(leaf).hash(), content));
    return PlacedBytes{nullptr, {}, std::move(block)};
  }

  std::optional<std::uint64_t> file_size(const ipld::Cid& root) override {
    if (!metadata_.is_here()) return std::nullopt;
    if (root.as_v1() == id_.as_v1()) return metadata_.size();
    const auto part = part_of(root);
    return part ? std::optional(copy_->size(*part)) : std::nullopt;
  }

  Result<PlacedBytes> file_part(const ipld::Cid& root, std::uint64_t offset) override {
    if (root.as_v1() == id_.as_v1()) return metadata_.from(offset);
    const auto part = part_of(root);
    if (!part) return fail(Code::not_found, "no part of this model");
    const ipld::LeafTable& leaves = copy_->leaves(*part);
    const std::size_t leaf = leaf_at(leaves, offset);
    EAI_TRY(Bytes content, content_of(*part, leaf));
    content.erase(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(offset - leaves.range(leaf).begin));
    return PlacedBytes{nullptr, {}, std::move(content)};
  }

  bool look_again() override {
    if (copy_ && !metadata_.is_here()) {
      inner_.clear();
      copy_.reset();
    }
    return copy_.has_value();
  }

  std::uint64_t size() const override { return size_ + metadata_.size(); }

 private:
  std::optional<std::size_t> part_of(const ipld::Cid& root) const {
    for (std::size_t part = 0; copy_ && part < copy_->parts(); ++part)
      if (copy_->cid(part).as_v1() == root.as_v1()) return part;
    return std::nullopt;
  }

  Result<Bytes> content_of(std::size_t part, std::size_t leaf) {
    const ipld::LeafTable& leaves = copy_->leaves(part);
    if (leaves.kind(leaf) == ipld::LeafKind::held) return Bytes(leaves.held(leaf).begin(), leaves.held(leaf).end());
    const ByteRange range = leaves.range(leaf);
    Bytes content(range.size());
    auto good = copy_->read(part, range.begin, content);
    if (good) good = leaves.proves(leaf, content);
    if (good) return content;
    if (!std::exchange(said_, true))
      log::warn("a part of the model {} cannot be made again: {}", id_.str(), good.error().message);
    return fail(Code::corrupt, "the files of the model changed on this disk");
  }

  ipld::Cid id_;
  MetadataBlock metadata_;
  std::optional<ArchiveCopy> copy_;  // until the model is removed
  LeafIndex index_;
  std::unordered_map<ipld::Cid, const ipld::Block*> inner_;
  std::uint64_t size_ = 0;
  bool said_ = false;  // that it is damaged
};

}  // namespace

Result<std::unique_ptr<Shelf>> open_archive_shelf(const Model& model, const ArchiveCopy::Progress& progress,
                                                  const std::stop_token& stop) {
  EAI_TRY(auto metadata, MetadataBlock::read(model));
  EAI_TRY(auto copy, ArchiveCopy::make(model, progress, stop));
  auto out = std::make_unique<ArchiveShelf>(model, std::move(metadata), std::move(copy));
  EAI_CHECK(out->fill());
  return std::unique_ptr<Shelf>(std::move(out));
}

}  // namespace eai::store
