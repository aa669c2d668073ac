// Why: a CID becomes a verified model in the store, whatever the sources do.
// Thread: download() blocks its caller's thread and owns its helpers; the stop token may be set from any thread.
// What holds:
// - no byte reaches the store unverified; a gateway that sent wrong bytes is not used again in this run, and all that
//   came from it and is not proven yet is thrown away;
// - after kill -9 a second run asks again for at most 16 MiB per part in flight, and for nothing that was unpacked;
// - two processes that want the same model do the work once: one works, the other waits and takes the result;
// - disk in use is at most the model and the parts in flight (three, or 64 MiB of small ones);
// - a failure or a stop leaves a partial folder from which the next call goes on. What is refused for good (not a
//   model, a hostile archive) leaves nothing.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "store/store.h"
#include "util/result.h"

namespace eai::fetch {

struct Sources {
  // Files named by CID: shipped with the program, a USB stick. Asked before any gateway.
  std::vector<fs::path> block_folders;
  // Base URLs, own and LAN ones first: "https://host", "http://192.168.1.7:8080", "https://host/path"; "file:///path" is
  // a block folder. Plain http goes to private addresses only (http/client.h).
  std::vector<std::string> gateways;
};

struct Options {
  int parallel_requests = 16;
  int max_retries = 5;                         // per piece and source
  bool offline = false;                        // block folders and file:// only: no socket is opened
  bool plain_http_anywhere = false;            // the configuration says so
  std::chrono::milliseconds retry_delay{500};  // the first one; doubles, with jitter, up to 30 s
  std::chrono::milliseconds stall_timeout{30'000};
};

struct SourceProgress {
  std::string name;
  std::uint64_t bytes = 0;  // received and not thrown away
  double bytes_per_second = 0;
  std::string trouble;                                      // "" | "sent wrong bytes, not used again" | "HTTP 503" …
  std::optional<std::chrono::seconds> wait = std::nullopt;  // until it is asked again
};

struct Progress {
  enum class Phase { waiting_for_other_process, metadata, parts, unpacking, syncing, done } phase{};
  std::uint64_t verified = 0;  // bytes of pieces whose hash fits
  std::uint64_t received = 0;  // bytes that are here, proven or not
  std::uint64_t total = 0;     // 0 while unknown
  double bytes_per_second = 0;
  std::optional<std::chrono::seconds> time_left;
  std::vector<SourceProgress> sources;
};

// At most about ten times a second, and at each change of phase; from download()'s thread.
using OnProgress = std::function<void(const Progress&)>;

// The model from the store if it is there, else downloaded. Errors:
//   network      no source delivers a piece; the message lists what each source did
//   corrupt      every gateway sent wrong bytes for the metadata, or the archive is broken
//   invalid      not a model, a hostile archive, metadata that makes no sense, a bad source URL
//   io           this disk; too little space, with the arithmetic
//   cancelled    stopped by the token
//   unsupported  a hash function, format or library that this build or machine does not have
Result<store::Model> download(const ipld::Cid& id, const store::Store& store, const Sources& sources,
                              const Options& options, const OnProgress& on_progress, const std::stop_token& stop);

// The model's metadata alone, proven. Errors as those of download().
Result<Bytes> download_metadata(const ipld::Cid& id, const Sources& sources, const Options& options,
                                const std::stop_token& stop);

}  // namespace eai::fetch
