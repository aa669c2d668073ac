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
  bool is_here() const;  // the model has not been removed
  std::uint64_t size() const { return bytes_.size(); }
  // Code::not_found: the model has been removed.
  Result<PlacedBytes> block() const;
  Result<PlacedBytes> from(std::uint64_t offset) const;  // of the bytes themselves

 private:
  MetadataBlock(ipld::Cid id, fs::path file, Bytes bytes)
      : id_(std::move(id)), file_(std::move(file)), bytes_(std::move(bytes)) {}
  ipld::Cid id_;
  fs::path file_;
  Bytes bytes_;
};

}  // namespace eai::store
