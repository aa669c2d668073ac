// Why: services take blocks as CARs; these are CARs of ranges of files, described and not copied.
// Thread: one; as_car() reads and hashes the part.
// What holds: every block stands behind its CID; the root is that of the whole tree, whose blocks may be spread over
// several CARs.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "preserve/sender.h"

namespace eai::preserve {

class BlockCars {
 public:
  // `limit`: a CAR is closed with the block that takes it there.
  BlockCars(std::string name, ipld::Cid root, std::uint64_t limit);
  // `add_bytes` adds the block's bytes, `size` of them.
  void add(const ipld::Cid& cid, std::uint64_t size, const std::function<void(Body&)>& add_bytes);
  std::vector<Piece> take();

 private:
  void close();
  std::string name_;
  ipld::Cid root_;
  std::uint64_t limit_;
  std::vector<Piece> pieces_;
  ipld::Sha256Hasher names_;
  bool open_ = false;
};

// A part with the tree that we made of it, for a service that would cut it in another way. Code::unsupported for a
// profile whose leaves are no ranges of the part.
Result<Piece> as_car(const Piece& part);

}  // namespace eai::preserve
