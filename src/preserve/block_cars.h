// Why: services take blocks as CARs. These CARs consist of ranges of files, which are described instead of copied.
// Thread: one; as_car() reads and hashes the part.
// What holds: every block comes right after its CID. The root is that of the whole tree, whose blocks may be spread
// over several CARs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "preserve/sender.h"

namespace eai::preserve {

class BlockCars {
 public:
  // `limit`: a CAR ends with the block that reaches this size.
  BlockCars(std::string name, ipld::Cid root, std::uint64_t limit);
  // `add_bytes` adds the block's bytes, `size` of them.
  void add(const ipld::Cid& cid, std::uint64_t size, const std::function<void(Body&)>& add_bytes);
  std::vector<Parcel> take();

 private:
  void close();
  std::string name_;
  ipld::Cid root_;
  std::uint64_t limit_;
  std::vector<Parcel> parcels_;
  ipld::Sha256Hasher names_;
  bool open_ = false;
};

// A part with the tree that we made of it, for a service that would cut it in another way. Code::unsupported for a
// profile whose leaves are not ranges of the part.
Result<Parcel> as_car(const Parcel& part);

}  // namespace eai::preserve
