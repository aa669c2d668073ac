#include "store/car_blocks.h"

#include "ipld/hash.h"
#include "util/log.h"

namespace eai::store {

static Result<ipld::CarIndex> index_of(const WatchedFile& file) {
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
    return read_at(file.descriptor()->get(), offset, into);
  };
  return ipld::CarIndex::read(read, file.size());
}

Result<CarBlocks> CarBlocks::open(const fs::path& file) {
  EAI_TRY(auto watched, WatchedFile::open(file));
  auto index = index_of(watched);
  if (!index) return Failure(std::move(index).error().with(file.string()));
  return CarBlocks(std::move(watched), *std::move(index));
}

bool CarBlocks::look_again() {
  const auto since = file_.look();
  if (since == WatchedFile::Since::same) return true;
  good_.clear();
  index_ = ipld::CarIndex();
  if (since == WatchedFile::Since::gone) return false;
  if (auto index = index_of(file_)) index_ = *std::move(index);
  return true;
}

Result<PlacedBytes> CarBlocks::block(const ipld::Cid& cid) {
  if (!look_again()) return fail(Code::not_found, "the CAR is no longer here");
  const auto range = index_.find(cid);
  if (!range) return fail(Code::not_found, "no block of this CAR");
  if (range->size() > ipld::k_block_limit) return fail(Code::not_found, "the block is larger than others take");
  auto known = good_.find(range->begin);
  if (known == good_.end()) {
    Bytes bytes(range->size());
    EAI_CHECK(read_at(file_.descriptor()->get(), range->begin, bytes));
    const bool good = ipld::verify(cid.hash(), bytes).has_value();
    if (!good) log::warn("the block {} of a CAR is damaged, and is not shared", cid.str());
    known = good_.emplace(range->begin, good).first;
  }
  if (!known->second) return fail(Code::corrupt, cid.str() + " changed on this disk");
  return PlacedBytes{file_.descriptor(), *range, {}};
}

namespace {

class CarShelf final : public Shelf {
 public:
  explicit CarShelf(CarBlocks blocks) : blocks_(std::move(blocks)) {}
  Result<PlacedBytes> block(const ipld::Cid& cid) override { return blocks_.block(cid); }
  std::optional<std::uint64_t> file_size(const ipld::Cid&) override { return std::nullopt; }
  Result<PlacedBytes> file_part(const ipld::Cid&, std::uint64_t) override {
    return fail(Code::not_found, "a CAR has files only in blocks");
  }
  bool look_again() override { return blocks_.look_again(); }
  std::uint64_t size() const override { return blocks_.index().bytes(); }

 private:
  CarBlocks blocks_;
};

}  // namespace

Result<std::unique_ptr<Shelf>> open_car_shelf(const fs::path& file) {
  EAI_TRY(auto blocks, CarBlocks::open(file));
  return std::make_unique<CarShelf>(std::move(blocks));
}

}  // namespace eai::store
