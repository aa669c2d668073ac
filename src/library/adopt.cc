#include "library/adopt.h"

#include "library/bring.h"
#include "library/byte_progress.h"

namespace eai::library {
namespace {

// What the tool kept, else what a source has: some kilobytes, where the weights are gigabytes.
Result<Bytes> metadata_for(const Library& library, const ipld::Cid& id, const store::Candidate& candidate,
                           const FetchSettings& settings, const std::stop_token& stop) {
  auto kept = store::metadata_of(candidate);
  if (kept || kept.error().code == Code::unsupported) return kept;
  auto found = fetch::download_metadata(id, sources_of(settings, library.folders), options_of(settings), stop);
  if (found) return found;
  const bool none = kept.error().code == Code::not_found;
  return fail(none ? found.error().code : kept.error().code, kept.error().message + "; " + found.error().message);
}

}  // namespace

Result<store::Adopted> adopt(Library& library, const Asked& asked, const store::Candidate& candidate,
                             const FetchSettings& settings, Feed& feed, const std::stop_token& stop) {
  library.store.sweep();
  Bytes metadata;
  if (library.stored(asked.id) == nullptr) {
    feed.progress({asked.label, asked.id.str(), Phase::metadata});
    EAI_TRY(metadata, metadata_for(library, asked.id, candidate, settings, stop));
  }
  ByteProgress told(feed, asked.label, asked.id.str());
  told.begin(Phase::reading, 0, candidate.size);
  // Copied bytes are counted twice, once as they are written and once as they are hashed.
  const auto progress = [&](std::uint64_t done) {
    told.reach(done, done > candidate.size ? 2 * candidate.size : candidate.size);
  };
  EAI_TRY(store::Adopted adopted, store::adopt(library.store, candidate, metadata, progress, stop));
  library.add(adopted.model);
  return adopted;
}

}  // namespace eai::library
