// Why: people who come from the Python tool have their models already; they should not download them again.
// Thread: one at a time per folder; blocks on disk I/O.
// Source: the tool's folder `llms-storage`: <hash>.gguf (a file; a folder for models of several files),
// <hash>.gguf-projector, <hash>.json (a copy of the metadata whose CID is <hash>; older tools kept none).
// What holds: the folder is only read. The metadata must fit the hash; a model file must be a GGUF. What the weights
// should hash to is not known from the metadata, so the origin says `adopted` and the hash is that of what was found.
#pragma once

#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "store/clone_file.h"
#include "store/store.h"

namespace eai::store {

struct Candidate {
  std::string hash;                  // as the file names have it; a CID
  fs::path model;                    // <hash>.gguf, a file or a folder
  std::optional<fs::path> metadata;  // <hash>.json
  std::optional<fs::path> projector;
  std::uint64_t size = 0;  // bytes of model and projector
};

// What looks like a model in the folder, by hash. Code::not_found if there is no such folder.
Result<std::vector<Candidate>> find_candidates(const fs::path& folder);

// The metadata that the tool kept. Code::not_found if it kept none, Code::corrupt if that does not fit the hash.
Result<Bytes> metadata_of(const Candidate& candidate);

struct Adopted {
  Model model;
  bool was_here = false;               // the store had it already; nothing was done
  CloneWay way = CloneWay::hard_link;  // the dearest one that was needed
};

// Code::invalid or corrupt: refused, the store is as before; Code::cancelled: stopped; Code::busy: another process works on it.
// `metadata_json` is that of metadata_of(), or from elsewhere. `progress`: bytes done, of 1 × size for links and 2 × size
// where bytes must be copied.
Result<Adopted> adopt(const Store& store, const Candidate& candidate, ByteView metadata_json,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop);

}  // namespace eai::store
