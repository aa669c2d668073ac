// Why: a CID becomes a verified model in the store, whatever the sources do.
// Thread: download() blocks its caller's thread and owns its helpers; the stop token may be set from any thread.
// What holds:
// - no byte reaches the store unverified. A gateway that sent wrong bytes is not used again in this run, and whatever
//   came from it and is not proven yet is thrown away;
// - each byte of an archive's part is hashed once on its way into the store, and each byte of the model once;
// - after kill -9 a second run asks again for at most 16 MiB per part in flight, and for nothing that was unpacked;
// - two processes that want the same model do the work once: one works, and the other waits and takes the result;
// - disk in use is at most the model and the parts in flight (three, or 64 MiB of small ones);
// - a failure or a stop leaves a partial folder, with which the next call continues. What is refused for good
//   (something that is not a model, a hostile archive) leaves nothing;
// - without a network it ends within 15 s. One that is lost on the way is waited for as long (network_watch.h).
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "peers/source_book.h"
#include "store/store.h"
#include "util/result.h"

namespace eai::fetch {

using peers::Options;
using peers::SourceProgress;
using peers::Sources;

struct Progress {
  enum class Phase { waiting_for_other_process, metadata, parts, unpacking, syncing, done } phase{};
  std::uint64_t verified = 0;        // bytes of pieces whose hash fits
  std::uint64_t received = 0;        // bytes that have arrived, proven or not
  std::uint64_t total = 0;           // 0 while unknown
  std::uint64_t from_this_disk = 0;  // of the verified bytes: those that other files of the store had
  double bytes_per_second = 0;       // 0: unknown, because nothing has come for some seconds
  std::optional<std::chrono::seconds> time_left;
  std::optional<std::chrono::seconds> network_awaited;  // the network is away, and will be waited for that much longer
  std::vector<SourceProgress> sources;
};

// Called from download()'s thread, at most about ten times a second, and at each change of phase.
using OnProgress = std::function<void(const Progress&)>;

// The model from the store if it has it, else downloaded. Errors:
//   network      no source delivers a piece, or there is no network; the message lists what each source did
//   corrupt      every gateway sent wrong bytes for the metadata, or the archive is broken
//   invalid      not a model, a hostile archive, metadata that makes no sense, a bad source URL
//   io           our own disk; too little space, with the arithmetic
//   cancelled    stopped by the token
//   unsupported  a hash function, a format or a library that this build or machine does not have
Result<store::Model> download(const ipld::Cid& id, const store::Store& store, const Sources& sources,
                              const Options& options, const OnProgress& on_progress, const std::stop_token& stop);

// What a download would ask for.
struct Missing {
  std::uint64_t total = 0;    // bytes of the metadata's files
  std::uint64_t missing = 0;  // of these, those that an earlier run has not left, and no other file of the store has
};

// Looks for the bytes on this disk, and fetches nothing of the model except metadata, trees, and the beginnings of GGUFs,
// which tell what else of them may be here. Errors as those of download(), and Code::busy: another process works on the
// model. Nothing stays behind that was not there before.
Result<Missing> measure(const ipld::Cid& id, const store::Store& store, const Sources& sources, const Options& options,
                        const OnProgress& on_progress, const std::stop_token& stop);

// The model's metadata alone, proven. Errors as those of download().
Result<Bytes> download_metadata(const ipld::Cid& id, const Sources& sources, const Options& options,
                                const std::stop_token& stop);

}  // namespace eai::fetch
