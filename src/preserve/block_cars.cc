#include "preserve/block_cars.h"

#include "ipld/car.h"
#include "preserve/hash_unixfs.h"

namespace eai::preserve {

using ipld::Cid;

BlockCars::BlockCars(std::string name, Cid root, std::uint64_t limit)
    : name_(std::move(name)), root_(std::move(root)), limit_(limit) {}

void BlockCars::add(const Cid& cid, std::uint64_t size, const std::function<void(Body&)>& add_bytes) {
  if (!open_) {
    const std::string name = name_ + "-" + std::to_string(parcels_.size()) + ".car";
    parcels_.push_back({Parcel::Kind::car, {name, {}, ipld::k_unixfs_v1_2025, root_, {}}, {}});
    parcels_.back().upload.body.add(ipld::car_header({root_}));
    open_ = true;
  }
  Body& body = parcels_.back().upload.body;
  body.add(ipld::car_section_head(cid, size));
  add_bytes(body);
  names_.update(cid.bytes());
  if (body.size() >= limit_) close();
}

void BlockCars::close() {
  parcels_.back().sha256 = names_.finish();
  names_ = ipld::Sha256Hasher();
  open_ = false;
}

std::vector<Parcel> BlockCars::take() {
  if (open_) close();
  return std::move(parcels_);
}

Result<Parcel> as_car(const Parcel& part) {
  const Upload& file = part.upload;
  if (file.profile.leaves != ipld::Leaves::raw) {
    return fail(Code::unsupported, file.name + " is cut by " + std::string(file.profile.name) +
                                       ", whose blocks this program cannot send one by one");
  }
  BlockCars cars(file.name, file.cid, UINT64_MAX);
  std::uint64_t at = 0;
  EAI_TRY(const ipld::TreeNode root, import_body(
                                         file.body, file.profile,
                                         [&](const Cid& cid, ByteView block) -> Result<void> {
                                           const ByteRange range{at, at + block.size()};
                                           cars.add(cid, block.size(), [&](Body& body) { body.add(file.body, range); });
                                           at = range.end;
                                           return {};
                                         },
                                         [&](const Cid& cid, const Bytes& block) {
                                           cars.add(cid, block.size(), [&](Body& body) { body.add(block); });
                                         }));
  if (root.cid != file.cid) return fail(Code::corrupt, file.name + " changed on this disk before it was sent");
  return std::move(cars.take().front());
}

}  // namespace eai::preserve
