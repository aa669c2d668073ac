// `eai model adopt`
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "library/adopt.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

void tell(const library::Asked& asked, const store::Candidate& candidate, const Result<store::Adopted>& outcome,
          Output& out) {
  json::object event{{"event", "adopted"}, {"hash", candidate.hash}, {"name", asked.label}, {"bytes", candidate.size}};
  if (!outcome) {
    event["event"] = "refused";
    event["why"] = words_of(outcome.error());
    out.line(out.styled(Style::red, "refused") + "  " + asked.label + "  " + printable(words_of(outcome.error()), 400));
  } else if (outcome->was_here) {
    event["event"] = "was_here";
    out.line("had already " + asked.label);
  } else {
    event["way"] = name_of(outcome->way);
    out.line(out.styled(Style::green, "adopted") + "  " + asked.label + "  " + human_bytes(outcome->model.size()) +
             ", by " + std::string(name_of(outcome->way)));
  }
  out.event(event);
}

}  // namespace

Result<int> model_adopt(Context& context) {
  const fs::path folder = context.words.folder.empty() ? fs::path("llms-storage") : fs::path(context.words.folder);
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  auto candidates = store::find_candidates(folder);
  if (!candidates) {
    return fail(candidates.error().code, candidates.error().message +
                                             "; say where the Python tool keeps its models: "
                                             "`eai model adopt <folder>`");
  }
  if (candidates->empty()) {
    return fail(Code::not_found, folder.string() +
                                     " contains no models of the Python tool (<hash>.gguf); a folder "
                                     "with a model of your own gets a hash with `eai model preserve " +
                                     printable(folder.string()) + "`");
  }
  Interrupt interrupt;
  int status = 0;
  for (const store::Candidate& candidate : *candidates) {
    EAI_TRY(const ipld::Cid id, ipld::Cid::parse(candidate.hash));
    const library::Asked asked{id, library.label_of(id)};
    const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
      return library::adopt(library, asked, candidate, context.config.fetch, feed, stop);
    };
    auto outcome = run_job<store::Adopted>(work, model_look(), context.out, interrupt.token());
    if (interrupt.requested()) return k_interrupted;
    tell(asked, candidate, outcome, context.out);
    if (!outcome) status = face_of(outcome.error().code).exit_status;
  }
  context.out.note("The folder " + folder.string() + " was only read; what was adopted from it may be deleted there.");
  return status;
}

}  // namespace eai::cli
