// Why: a CID becomes a verified model in the store, whatever the sources do.
// Thread: download() blocks its caller's thread and owns its helpers; cancel() from any thread.
// What holds: no byte reaches the store unverified; a source that sent wrong bytes is not used again in this run; after
// kill -9 a second run asks again for at most 16 MiB per part in flight; two processes that want the same model do
// the work once.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "content/cid.h"
#include "store/store.h"
#include "util/result.h"

namespace eai::fetch {

struct Sources {
  std::vector<fs::path> block_folders;  // files named by CID; shipped with the program, a USB stick
  std::vector<std::string> gateways;    // base URLs, own and LAN ones first; "https://host" or "http://192.168.…"
};

struct Options {
  int parallel_requests = 16;
  int max_retries = 5;  // per piece and source
  bool offline = false;
};

struct SourceProgress {
  std::string name;
  std::uint64_t bytes = 0;  // received and not thrown away
  double bytes_per_second = 0;
  std::string trouble;  // "" | "wrong bytes, not used again" | "HTTP 503, waits 8 s" …
};

struct Progress {
  enum class Phase { waiting_for_other_process, metadata, parts, unpacking, syncing, done } phase{};
  std::uint64_t verified = 0;  // bytes of pieces whose hash fits
  std::uint64_t received = 0;  // bytes that arrived and are not yet proven, and those that are
  std::uint64_t total = 0;     // 0 while unknown
  double bytes_per_second = 0;
  std::optional<std::chrono::seconds> time_left;
  std::vector<SourceProgress> sources;
};

// At most about ten times a second, from download()'s thread.
using OnProgress = std::function<void(const Progress&)>;

// The model from the store if it is there, else downloaded. Code::network: the message lists what each source did.
Result<store::Model> download(const content::Cid& id, store::Store& store, const Sources& sources,
                              const Options& options, const OnProgress& on_progress, std::stop_token stop);

}  // namespace eai::fetch
