// Why: much of a file may be on this disk already: in a damaged copy of the same model, in an earlier version of it, in
// another quantisation that shares tensors. Where it may lie is a guess; a leaf counts only once it is hashed.
// Thread: the owner's, that of download(); it blocks on the disk.
// What holds: files of others are only read. In a GGUF, tensors of the same name, type and shape are likely the same,
// wherever they lie; which tensors a file has is known once the beginning of the file is here. Other bytes are looked for
// at the same place of a file that has the same SHA-256, or the same name and size, or is the damaged copy itself.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "ipld/hash.h"
#include "model/gguf.h"
#include "store/store.h"
#include "util/file.h"

namespace eai::fetch {

// A file of the store that may have bytes of what is wanted.
struct LocalFile {
  fs::path path;
  std::string name;  // in the store
  std::uint64_t size = 0;
  ipld::Sha256 sha256{};  // as the manifest, or the metadata, says
  bool of_this_model = false;
  bool is_sound = true;  // no check has found it changed
};

// The files of the other models, and what is left of this one if it is damaged. A model may have hundreds of files, so
// few are open at a time, and the header of each is read once.
class LocalFiles {
 public:
  LocalFiles(const store::Store& store, const ipld::Cid& id, const model::Metadata& metadata);

  const std::vector<LocalFile>& all() const { return files_; }
  // By its place in all(). Null if it is gone.
  std::shared_ptr<UniqueFd> open(std::size_t file);
  // By name, type and shape; empty if it is not a GGUF that can be read.
  using TensorKey = std::tuple<std::string, std::uint32_t, std::vector<std::uint64_t>>;
  using Tensors = std::map<TensorKey, ByteRange>;
  const Tensors& tensors(std::size_t file);

 private:
  std::vector<LocalFile> files_;
  std::list<std::pair<std::size_t, std::shared_ptr<UniqueFd>>> open_;  // the latest first
  std::map<std::size_t, Tensors> tensors_;
};

// A run of bytes of a file; if there is no file, of zeros.
struct CopyPart {
  std::shared_ptr<UniqueFd> file;
  std::uint64_t offset = 0, size = 0;
};
using Copy = std::vector<CopyPart>;  // in their order

inline constexpr std::size_t k_most_copies = 3;  // of one range

// Of one wanted file.
class LocalCopies {
 public:
  LocalCopies(std::shared_ptr<LocalFiles> files, const store::StoredFile& wanted);

  // How many bytes from the beginning of the wanted file must be proven before more can be said; 0: all is said.
  std::uint64_t wants() const { return wants_; }
  // The first `proven` bytes are, and lie in this file.
  void see(const fs::path& beginning, std::uint64_t proven);

  // Where the range may lie, the likeliest first; at most k_most_copies.
  std::vector<Copy> copies(ByteRange range) const;

 private:
  struct Place {
    std::size_t file = 0;  // of LocalFiles::all()
    std::uint64_t offset = 0;
  };
  struct Tensor {
    ByteRange range;           // of the wanted file
    std::vector<Place> there;  // the likeliest first
  };
  void find_tensors(const model::GgufInfo& wanted);
  std::optional<Copy> from_tensors(ByteRange range, std::size_t choice) const;

  std::shared_ptr<LocalFiles> files_;
  std::uint64_t size_ = 0;               // of the wanted file
  std::vector<std::size_t> same_place_;  // files of which the bytes at the same place may be the same
  std::vector<std::size_t> like_;        // GGUFs of the same kind
  std::vector<Tensor> tensors_;          // by place
  std::uint64_t wants_ = 0;
};

}  // namespace eai::fetch
