// The blocks of a model whose files lie here as they are: leaves are ranges of the files, the blocks above them lie in
// the CARs of the trees, and the metadata are a block of their own.
#include <algorithm>

#include "ipld/unixfs.h"
#include "store/car_blocks.h"
#include "store/leaf_index.h"
#include "store/metadata_block.h"
#include "store/shelf.h"
#include "store/trees.h"
#include "util/log.h"

namespace eai::store {
namespace {

using ipld::LeafKind;

constexpr std::size_t k_joined = 8;  // proven leaves that are handed out at once

// One file of the model, with what is known of its leaves.
struct Served {
  std::string name;
  ipld::Cid root;
  WatchedFile file;
  ipld::LeafTable leaves;
  std::optional<CarBlocks> inner;  // nothing: it is one block
  enum class Leaf : std::uint8_t { unknown, proven, damaged };
  std::vector<Leaf> state;  // by leaf
  bool is_here = true;
};

class FilesShelf final : public Shelf {
 public:
  FilesShelf(const Model& model, MetadataBlock metadata) : id_(model.id), metadata_(std::move(metadata)) {}

  Result<void> fill(const Model& model) {
    for (std::size_t i = 0; i < model.metadata.files.size(); ++i) EAI_CHECK(add(model, i));
    index_.seal();
    return {};
  }

  Result<PlacedBytes> block(const ipld::Cid& cid) override {
    if (metadata_.is(cid)) return metadata_.block();
    const auto places = index_.find(cid, [&](auto place) { return files_[place.table].leaves.cid(place.leaf); });
    Result<PlacedBytes> last = fail(Code::not_found, "no block of this model");
    for (const auto& place : places) {
      last = leaf_block(files_[place.table], place.leaf);
      if (last) return last;
    }
    if (!places.empty()) return last;
    for (Served& of : files_) {
      look(of);
      if (!of.inner || !of.is_here) continue;
      auto found = of.inner->block(cid);
      if (found || found.error().code != Code::not_found) return found;
    }
    return fail(Code::not_found, "no block of this model");
  }

  std::optional<std::uint64_t> file_size(const ipld::Cid& root) override {
    if (root.as_v1() == id_.as_v1()) return metadata_.is_here() ? std::optional(metadata_.size()) : std::nullopt;
    Served* found = file_of(root);
    if (found != nullptr) look(*found);
    return found != nullptr && found->is_here ? std::optional(found->leaves.size()) : std::nullopt;
  }

  Result<PlacedBytes> file_part(const ipld::Cid& root, std::uint64_t offset) override {
    if (root.as_v1() == id_.as_v1()) return metadata_.from(offset);
    Served* found = file_of(root);
    if (found == nullptr) return fail(Code::not_found, "no file of this model");
    return part_of(*found, offset);
  }

  bool look_again() override {
    for (Served& of : files_) look(of);
    return std::ranges::any_of(files_, &Served::is_here);
  }

  std::uint64_t size() const override {
    std::uint64_t out = metadata_.size();
    for (const Served& of : files_) out += of.leaves.size();
    return out;
  }

 private:
  Result<void> add(const Model& model, std::size_t index) {
    const model::PartEntry& entry = model.metadata.files[index];
    const std::string name = stored_name(model.metadata.folder_name, model.metadata.task, entry.file_name);
    EAI_TRY(auto leaves, read_tree(model, index));
    EAI_TRY(auto file, WatchedFile::open(model.folder / name));
    std::optional<CarBlocks> inner;
    std::error_code none;
    if (const fs::path car = model.folder / tree_name(index); fs::exists(car, none)) {
      EAI_TRY(inner, CarBlocks::open(car));
    }
    if (auto added = index_.add(leaves, static_cast<std::uint32_t>(files_.size())); !added)
      return Failure(std::move(added).error().with(name));
    std::vector<Served::Leaf> state(leaves.count());
    files_.push_back({name, entry.cid, std::move(file), std::move(leaves), std::move(inner), std::move(state)});
    return {};
  }

  Served* file_of(const ipld::Cid& root) {
    const auto found = std::ranges::find_if(files_, [&](const Served& of) { return of.root.as_v1() == root.as_v1(); });
    return found == files_.end() ? nullptr : &*found;
  }

  static void look(Served& of) {
    const auto since = of.file.look();
    if (since == WatchedFile::Since::same) return;
    of.is_here = since != WatchedFile::Since::gone;
    of.state.assign(of.leaves.count(), Served::Leaf::unknown);
  }

  // Once for each state of the file.
  Result<void> prove(Served& of, std::size_t leaf) {
    look(of);
    if (!of.is_here) return fail(Code::not_found, of.name + " is no longer here");
    if (of.state[leaf] == Served::Leaf::proven) return {};
    if (of.state[leaf] == Served::Leaf::damaged) return damaged(of, leaf);
    auto read_well = read(of, leaf, *of.file.descriptor());
    if (read_well) {
      of.state[leaf] = Served::Leaf::proven;
    } else if (read_well.error().code == Code::corrupt) {
      of.state[leaf] = Served::Leaf::damaged;
      log::warn("{} of the model {} is damaged at byte {}, and is not shared", of.name, id_.str(),
                of.leaves.range(leaf).begin);
    }
    return read_well;
  }

  static Failure damaged(const Served& of, std::size_t leaf) {
    return fail(Code::corrupt,
                of.name + " changed on this disk at byte " + std::to_string(of.leaves.range(leaf).begin));
  }

  // Into content_, hashed. Code::io: the disk could not be read.
  Result<void> read(const Served& of, std::size_t leaf, const UniqueFd& file) {
    const ByteRange range = of.leaves.range(leaf);
    if (of.file.descriptor() && of.file.size() < range.end) return damaged(of, leaf);
    content_.resize(range.size());
    EAI_CHECK(read_at(file.get(), range.begin, content_));
    if (of.leaves.proves(leaf, content_)) return {};
    return damaged(of, leaf);
  }

  Result<PlacedBytes> leaf_block(Served& of, std::size_t leaf) {
    EAI_CHECK(prove(of, leaf));
    if (of.leaves.kind(leaf) == LeafKind::raw) return PlacedBytes{of.file.descriptor(), of.leaves.range(leaf), {}};
    EAI_CHECK(read(of, leaf, *of.file.descriptor()));
    EAI_TRY(Bytes block, ipld::leaf_block(of.leaves.cid(leaf).hash(), content_));
    return PlacedBytes{nullptr, {}, std::move(block)};
  }

  Result<PlacedBytes> part_of(Served& of, std::uint64_t offset) {
    std::size_t leaf = leaf_at(of.leaves, offset);
    const auto proven = prove(of, leaf);
    if (const auto file = proven || of.is_here ? nullptr : of.file.held_by_others()) {
      // It was removed while somebody reads it.
      EAI_CHECK(read(of, leaf, *file));
      return PlacedBytes{file, {offset, of.leaves.range(leaf).end}, {}};
    }
    if (!proven) return Failure(proven.error());
    std::uint64_t end = of.leaves.range(leaf).end;
    for (std::size_t more = 1; more < k_joined && ++leaf < of.leaves.count() && of.state[leaf] == Served::Leaf::proven;
         ++more)
      end = of.leaves.range(leaf).end;
    return PlacedBytes{of.file.descriptor(), {offset, end}, {}};
  }

  ipld::Cid id_;
  MetadataBlock metadata_;
  std::vector<Served> files_;
  LeafIndex index_;
  Bytes content_;  // of the leaf that was read last
};

}  // namespace

Result<std::unique_ptr<Shelf>> open_files_shelf(const Model& model) {
  EAI_TRY(auto metadata, MetadataBlock::read(model));
  auto out = std::make_unique<FilesShelf>(model, std::move(metadata));
  EAI_CHECK(out->fill(model));
  return std::unique_ptr<Shelf>(std::move(out));
}

}  // namespace eai::store
