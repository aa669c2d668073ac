// `eai model check`
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "library/check.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

void tell(const library::Asked& asked, const library::Checked& checked, Output& out) {
  json::object event{{"event", "checked"},
                     {"hash", asked.id.str()},
                     {"name", asked.label},
                     {"good", !checked.damage},
                     {"bytes", checked.bytes}};
  if (checked.damage) event["why"] = words_of(*checked.damage);
  out.event(event);
  if (!checked.damage) {
    out.line(out.styled(Style::green, "good") + "     " + asked.label + "  " + human_bytes(checked.bytes));
    return;
  }
  out.line(out.styled(Style::red, "damaged") + "  " + asked.label + "  " + printable(words_of(*checked.damage), 400));
  out.note("`eai model repair " + asked.label + "` fetches what is damaged.");
}

}  // namespace

Result<int> model_check(Context& context) {
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(auto asked, library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::here));
  if (asked.empty()) {
    asked = library::everything(library);
    for (const store::Newer& entry : library.contents.newer) {
      context.out.note(library.label_of(entry.id) + " is not checked: " + printable(entry.why, 400));
    }
    if (asked.empty()) context.out.note("There are no models here yet, so there is nothing to check.");
  }
  Interrupt interrupt;
  bool all_good = true;
  for (const library::Asked& one : asked) {
    const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
      return library::check(library, one, feed, stop);
    };
    auto checked = run_job<library::Checked>(work, model_look(), context.out, interrupt.token());
    if (interrupt.requested()) return k_interrupted;
    if (!checked) return Failure(std::move(checked).error());
    tell(one, *checked, context.out);
    all_good = all_good && !checked->damage;
  }
  return all_good ? 0 : face_of(Code::corrupt).exit_status;
}

}  // namespace eai::cli
