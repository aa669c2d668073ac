// Why: a model's metadata are a file of the store and a block that others ask for first.
// Thread: any; a plain value.
#pragma once

#include "store/store.h"
#include "util/placed_bytes.h"

namespace eai::store {

class MetadataBlock {
 public:
  // Code::corrupt: they are not what the model's CID names.
  static Result<MetadataBlock> read(const Model& model);

  bool is(const ipld::Cid& cid) const { return cid.hash() == id_.hash(); }
  std::uint64_t size() const { return bytes_.size(); }
  Result<PlacedBytes> block() const;
  PlacedBytes from(std::uint64_t offset) const;  // of the bytes themselves

 private:
  MetadataBlock(ipld::Cid id, Bytes bytes) : id_(std::move(id)), bytes_(std::move(bytes)) {}
  ipld::Cid id_;
  Bytes bytes_;
};

}  // namespace eai::store
