// Why: a folder becomes a hash, and homes of the user's choice keep what the hash names.
// Thread: preserve() blocks its caller and owns its helpers; any thread may read a Monitor while it runs.
// What holds: no home is trusted. The CID that it names is compared with ours, under every known profile, and a
// difference is Code::corrupt. A home that fails does not stop the others. After a kill or a failure the same call
// continues, and parts with a receipt are not sent again. Nothing of the folder is copied except for the parts in
// flight, at most two per home, in files that vanish with the process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipld/tree_walk.h"
#include "model/metadata.h"
#include "preserve/folder.h"
#include "preserve/home.h"
#include "preserve/pack_archive.h"
#include "preserve/receipts.h"

namespace eai::preserve {

struct Options {
  model::Format format = model::Format::archive;
  std::optional<model::Layout> layout;  // unixfs; default: tensor for a GGUF
  std::uint64_t part_size = 512 * k_mib;
  unsigned threads = 16;  // at most as many as there are cores
  std::string hf_repo, hf_file, config_name;
  bool lora = false;
  bool dry_run = false;
  bool resume = true;
  fs::path work_folder;  // parts in flight and journals
  Digests known;         // of the blocks of models that are here
};

struct HomeProgress {
  std::string name;
  std::uint64_t sent = 0, total = 0;  // bytes; total grows while parts are made
  std::size_t in_flight = 0;
  std::string trouble;
};
struct Progress {
  std::string phase;                  // "asking" (the homes), "packing", "hashing", "sending"
  std::uint64_t done = 0, total = 0;  // bytes of the folder packed or hashed
  std::uint64_t made = 0;             // bytes that packing made of `done`
  std::vector<HomeProgress> homes;
};

class Monitor {
 public:
  Progress read() const;
  void change(const std::function<void(Progress&)>& f);

 private:
  mutable std::mutex mutex_;
  Progress progress_;
};

struct HomeFailure {
  std::string home;
  Error error;
};

struct Outcome {
  model::Metadata metadata;
  std::string metadata_json;
  ipld::Cid hash = ipld::Cid::raw_of({});
  std::uint64_t bytes = 0;                      // of the folder
  std::uint64_t payload = 0;                    // bytes that a home keeps: parts, or blocks
  std::uint64_t stored = 0;                     // archive: bytes that were stored, not deflated
  std::uint64_t sent = 0;                       // bytes that went out, all homes together
  std::uint64_t resumed = 0;                    // bytes that earlier runs had sent
  std::uint64_t new_here = 0;                   // bytes in blocks that no model known here has
  std::map<std::string, std::uint64_t> new_at;  // the same for homes that can tell; in dry runs, and for unixfs
  std::string profile;                          // under which the parts' CIDs hold
  std::vector<BlockSize> blocks;                // all of them
  std::vector<ipld::TreeWalk> trees;            // unixfs: of the metadata's files, in their order; all are done
  std::vector<HomeFailure> failures;            // the homes that do not have all of it, and why
  std::shared_ptr<Receipts> journal;            // to be removed when there is nothing to continue; null in a dry run
};

// If no home has all of it, the first home's error, with all of their messages. `stop` ends it (Code::cancelled,
// "stopped"); a stop is also requested by this call itself when the last home fails, so make the homes with its token.
Result<Outcome> preserve(const Folder& folder, const Options& options, const Homes& homes, Monitor& monitor,
                         std::stop_source stop);

}  // namespace eai::preserve
