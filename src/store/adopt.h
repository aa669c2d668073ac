// Why: people who come from the Python tool already have their models and should not have to download them again.
// Thread: one at a time per folder; it blocks on the disk.
// What holds: the folder is only read. A link to a file stands for that file (util/folder_entry.h). The metadata must
// match the hash, and a text model's files must be GGUFs. The metadata does not say what the weights hash to, so the
// origin says `adopted` and the manifest has the hashes of what was found.
// Source: the tool's folder `llms-storage`: <hash>.gguf (a file, or a folder for a model of several files),
// <hash>.gguf-projector and <hash>.json (a copy of the metadata whose CID is <hash>; older versions of the tool kept
// none).
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
  std::string hash;                  // a CID, as the file names give it
  fs::path model;                    // <hash>.gguf, a file or a folder
  std::optional<fs::path> metadata;  // <hash>.json
  std::optional<fs::path> projector;
  std::uint64_t size = 0;  // bytes of model and projector together
};

// Everything in the folder that looks like a model, sorted by hash. Code::not_found if there is no such folder.
Result<std::vector<Candidate>> find_candidates(const fs::path& folder);

// The metadata that the tool kept. Code::not_found if it kept none; Code::corrupt if it does not match the hash.
Result<Bytes> metadata_of(const Candidate& candidate);

struct Adopted {
  Model model;
  bool was_here = false;               // the store already had it, and nothing was done
  CloneWay way = CloneWay::hard_link;  // the most expensive way that was needed
};

// `metadata_json` comes from metadata_of() or from elsewhere. `progress` gets the bytes done so far, of 1 × size for
// links and of 2 × size if bytes have to be copied. Code::invalid or corrupt: refused; Code::cancelled: stopped;
// Code::busy: another process works on the model; Code::unsupported: a newer version of eai has stored it. After any
// failure no model was added; a download of it that had been begun may be gone.
Result<Adopted> adopt(const Store& store, const Candidate& candidate, ByteView metadata_json,
                      const std::function<void(std::uint64_t)>& progress, const std::stop_token& stop);

}  // namespace eai::store
