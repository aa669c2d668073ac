#include "store/car_blocks.h"

#include "ipld/hash.h"
#include "util/log.h"

namespace eai::store {

Result<CarBlocks> CarBlocks::open(const fs::path& file) {
  EAI_TRY(auto watched, WatchedFile::open(file));
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
    return read_at(watched.descriptor()->get(), offset, into);
  };
  auto index = ipld::CarIndex::read(read, watched.size());
  if (!index) return Failure(std::move(index).error().with(file.string()));
  return CarBlocks(std::move(watched), *std::move(index));
}

WatchedFile::Since CarBlocks::look() {
  const auto since = file_.look();
  if (since != WatchedFile::Since::same) proven_.clear();
  return since;
}

Result<PlacedBytes> CarBlocks::block(const ipld::Cid& cid) {
  const auto range = index_.find(cid);
  if (!range) return fail(Code::not_found, "no block of this CAR");
  if (look() == WatchedFile::Since::gone) return fail(Code::not_found, "the CAR is no longer here");
  if (range->size() > ipld::k_block_limit) return fail(Code::unsupported, "the block is larger than others take");
  if (!proven_.contains(range->begin)) {
    Bytes bytes(range->size());
    auto good = read_at(file_.descriptor()->get(), range->begin, bytes);
    if (good) good = ipld::verify(cid.hash(), bytes);
    if (!good) {
      log::warn("the block {} of a CAR is damaged and is not given to anybody", cid.str());
      return fail(Code::corrupt, cid.str() + " changed on this disk");
    }
    proven_.insert(range->begin);
  }
  return PlacedBytes{file_.descriptor(), *range, {}};
}

namespace {

class CarShelf final : public Shelf {
 public:
  explicit CarShelf(CarBlocks blocks) : blocks_(std::move(blocks)) {}
  Result<PlacedBytes> block(const ipld::Cid& cid) override { return blocks_.block(cid); }
  std::optional<std::uint64_t> file_size(const ipld::Cid&) const override { return std::nullopt; }
  Result<PlacedBytes> file_part(const ipld::Cid&, std::uint64_t) override {
    return fail(Code::not_found, "a CAR has files only in blocks");
  }
  bool look_again() override { return blocks_.look() != WatchedFile::Since::gone; }
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
