// `eai model adopt`
#include <boost/json.hpp>

#include "cli/download.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/resolve.h"
#include "store/adopt.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

void tell(const std::string& label, const store::Candidate& candidate, const Result<store::Adopted>& outcome,
          Output& out) {
  json::object event{{"event", "adopted"}, {"hash", candidate.hash}, {"name", label}, {"bytes", candidate.size}};
  if (!outcome) {
    event["event"] = "refused";
    event["why"] = words_of(outcome.error());
    out.line(out.styled(Style::red, "refused") + "  " + label + "  " + printable(words_of(outcome.error()), 400));
  } else if (outcome->was_here) {
    event["event"] = "was_here";
    out.line("was here " + label);
  } else {
    event["way"] = name_of(outcome->way);
    out.line(out.styled(Style::green, "adopted") + "  " + label + "  " + human_bytes(outcome->model.size()) + ", by " +
             std::string(name_of(outcome->way)));
  }
  out.event(event);
}

// What the tool kept, else what a source has: some kilobytes, where the weights are gigabytes.
Result<Bytes> metadata_for(const Context& context, const ipld::Cid& id, const store::Candidate& candidate,
                           const std::stop_token& stop) {
  auto kept = store::metadata_of(candidate);
  if (kept || kept.error().code == Code::unsupported) return kept;
  auto found = fetch::download_metadata(id, sources_of(context), options_of(context.config.fetch), stop);
  if (found) return found;
  const bool none = kept.error().code == Code::not_found;
  return fail(none ? found.error().code : kept.error().code, kept.error().message + "; " + found.error().message);
}

Result<store::Adopted> adopt_one(const Context& context, const Library& library, const ipld::Cid& id,
                                 const store::Candidate& candidate, const std::string& label,
                                 const std::stop_token& stop) {
  ProgressDisplay display(context.out);
  Bytes metadata;
  if (library.stored(id) == nullptr) {
    display.show({label, "reading its metadata", 0, 0, 0, {}, {}});
    EAI_TRY(metadata, metadata_for(context, id, candidate, stop));
  }
  RateMeter meter;
  auto on_progress = [&](std::uint64_t done) {
    meter.update(done);
    // Copied bytes are counted twice, once as they are written and once as they are hashed.
    std::uint64_t total = done > candidate.size ? 2 * candidate.size : candidate.size;
    display.show({label, "", done, total, meter.bytes_per_second(), meter.time_left(done, total), {}});
  };
  return store::adopt(library.store, candidate, metadata, on_progress, stop);
}

}  // namespace

Result<int> model_adopt(Context& context) {
  fs::path folder = context.words.folder.empty() ? fs::path("llms-storage") : fs::path(context.words.folder);
  EAI_TRY(Library library, Library::open(context));
  library.store.sweep();
  auto candidates = store::find_candidates(folder);
  if (!candidates) {
    return fail(candidates.error().code, candidates.error().message +
                                             "; say where the Python tool keeps its models: "
                                             "`eai model adopt <folder>`");
  }
  if (candidates->empty()) {
    return fail(Code::not_found, folder.string() + " holds no model of the Python tool (<hash>.gguf)");
  }
  Interrupt interrupt;
  int status = 0;
  for (const store::Candidate& candidate : *candidates) {
    EAI_TRY(const ipld::Cid id, ipld::Cid::parse(candidate.hash));
    const std::string label = library.label_of(id);
    auto outcome = adopt_one(context, library, id, candidate, label, interrupt.token());
    if (interrupt.requested()) return k_interrupted;
    tell(label, candidate, outcome, context.out);
    if (!outcome) status = face_of(outcome.error().code).exit_status;
  }
  context.out.note("The folder " + folder.string() + " was only read; what was adopted from it may be deleted there.");
  return status;
}

}  // namespace eai::cli
