// `eai model check`
#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/resolve.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

void tell(const Asked& asked, const Result<void>& verdict, std::uint64_t size, Output& out) {
  json::object event{{"event", "checked"},
                     {"hash", asked.id.str()},
                     {"name", asked.label},
                     {"good", verdict.has_value()},
                     {"bytes", size}};
  if (!verdict) event["why"] = words_of(verdict.error());
  out.event(event);
  if (verdict) {
    out.line(out.styled(Style::green, "good") + "     " + asked.label + "  " + human_bytes(size));
  } else {
    out.line(out.styled(Style::red, "damaged") + "  " + asked.label + "  " + printable(words_of(verdict.error()), 400));
  }
}

Result<void> check_one(const Library& library, const Asked& asked, Output& out, const std::stop_token& stop,
                       std::uint64_t& size) {
  ProgressDisplay display(out);
  RateMeter meter;
  return library.store.check(
      asked.id,
      [&](std::uint64_t done, std::uint64_t total) {
        size = total;
        meter.update(done);
        display.show({asked.label, "", done, total, meter.bytes_per_second(), meter.time_left(done, total), {}});
      },
      stop);
}

}  // namespace

Result<int> model_check(Context& context) {
  EAI_TRY(Library library, Library::open(context));
  EAI_TRY(std::vector<Asked> asked, resolve_all(library, context.words));
  if (asked.empty()) {
    for (const store::Model& model : library.contents.models) asked.push_back({model.id, library.label_of(model.id)});
    for (const store::Damaged& entry : library.contents.damaged) {
      if (entry.id) asked.push_back({*entry.id, library.label_of(*entry.id)});
    }
    for (const store::Newer& entry : library.contents.newer) {
      context.out.note(library.label_of(entry.id) + " is not checked: " + printable(entry.why, 400));
    }
    if (asked.empty()) context.out.note("No model is here yet, so there is nothing to check.");
  }
  library.store.sweep();
  Interrupt interrupt;
  bool all_good = true;
  for (const Asked& one : asked) {
    std::uint64_t size = 0;
    auto verdict = check_one(library, one, context.out, interrupt.token(), size);
    if (interrupt.requested()) return k_interrupted;
    if (!verdict && verdict.error().code == Code::not_found) {
      return fail(Code::not_found, one.label + " is not here; `eai model download " + one.label + "` brings it");
    }
    if (!verdict && verdict.error().code != Code::corrupt && verdict.error().code != Code::invalid) {
      return Failure(std::move(verdict).error());
    }
    tell(one, verdict, size, context.out);
    if (verdict) continue;
    all_good = false;
    context.out.note("`eai model download " + one.label + "` fetches it again.");
  }
  return all_good ? 0 : face_of(Code::corrupt).exit_status;
}

}  // namespace eai::cli
