// Why: a folder becomes a hash, and what the hash names lies on homes that the user chose.
// Thread: preserve() blocks its caller and owns its helpers; Monitor may be read from any thread meanwhile.
// What holds: no home is believed: the CID that it names is compared with ours (every known profile is tried), and a
// difference is Code::corrupt. After a kill the same call goes on: parts with a receipt are not sent again. Nothing of
// the folder is copied but parts in flight, at most two per home, in files that vanish with the process.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "content/metadata.h"
#include "preserve/folder.h"
#include "preserve/home.h"

namespace eai::preserve {

struct Options {
  content::Format format = content::Format::archive;
  std::optional<content::Layout> layout;  // unixfs; default: tensor for a GGUF
  std::uint64_t part_size = 512 * k_mib;
  unsigned threads = 16;  // at most as many as there are cores
  std::string hf_repo, hf_file, config_name;
  bool lora = false;
  bool dry_run = false;
  bool resume = true;
  fs::path work_folder;         // parts in flight and journals
  std::vector<fs::path> known;  // block lists (write_block_list) of models that are here
};

struct HomeProgress {
  std::string name;
  std::uint64_t sent = 0, total = 0;  // bytes; total grows while parts are made
  std::size_t in_flight = 0;
  std::string trouble;
};
struct Progress {
  std::string phase;                  // "packing", "hashing", "sending"
  std::uint64_t done = 0, total = 0;  // bytes of the folder packed or hashed
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

struct Outcome {
  content::Metadata metadata;
  std::string metadata_json;
  content::Cid hash;
  std::uint64_t bytes = 0;    // of the folder
  std::uint64_t payload = 0;  // bytes that a home keeps: parts, or blocks
  std::uint64_t stored = 0;   // archive: bytes that were stored, not deflated
  std::uint64_t sent = 0;     // bytes that went out, all homes together
  std::uint64_t resumed = 0;  // bytes that earlier runs had sent
  // unixfs: bytes in blocks that no known model has, and per home that can tell.
  std::optional<std::uint64_t> new_here;
  std::map<std::string, std::uint64_t> new_at;
  std::string profile;                  // under which the parts' CIDs hold
  std::vector<content::Sha256> blocks;  // unixfs: of all its blocks
};

// `stop` ends it (Code::busy, "stopped"), and is asked for by itself when one home fails: what the homes were made with
// should be its token.
Result<Outcome> preserve(const Folder& folder, const Options& options, const Homes& homes, Monitor& monitor,
                         std::stop_source stop);

// The blocks of a unixfs model, so that a later one can say what it shares: 32 bytes of SHA-256 each.
Result<void> write_block_list(const fs::path& file, const Outcome& outcome);

}  // namespace eai::preserve
