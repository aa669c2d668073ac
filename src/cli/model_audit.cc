// `eai model audit`
#include <boost/json.hpp>

#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "cli/resolve.h"
#include "preserve/audit.h"
#include "preserve/deals.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

void tell(const Asked& asked, const std::string& home, const Result<preserve::Verdict>& verdict, Output& out) {
  json::object event{{"event", "audited"}, {"hash", asked.id.str()}, {"home", home}, {"good", verdict.has_value()}};
  if (!verdict) {
    event["why"] = words_of(verdict.error());
    out.line(out.styled(Style::red, "bad") + "   " + asked.label + " at " + home + "  " +
             printable(words_of(verdict.error()), 400));
  } else {
    event["leaves"] = verdict->leaves;
    event["all_leaves"] = verdict->all_leaves;
    event["wholes"] = verdict->wholes;
    event["bytes"] = verdict->bytes;
    const std::string seen =
        verdict->wholes == 0
            ? std::to_string(verdict->leaves) + " of " + std::to_string(verdict->all_leaves) + " leaves"
            : std::to_string(verdict->wholes) + " of " + std::to_string(verdict->files.size()) +
                  " parts as a whole (it gives no single blocks)";
    out.line(out.styled(Style::green, "good") + "  " + asked.label + " at " + home + "  metadata and " + seen + ", " +
             human_bytes(verdict->bytes));
  }
  out.event(event);
}

// Of the metadata and of each part; where the parts are not known, of the metadata alone.
void tell_deals(const Context& context, const Asked& asked, const Result<preserve::Verdict>& verdict,
                const preserve::AuditSettings& settings) {
  Output& out = context.out;
  std::vector<std::pair<std::string, ipld::Cid>> pieces{{"metadata", asked.id}};
  if (verdict) {
    for (const auto& file : verdict->files) pieces.emplace_back(file.file_name, file.cid);
  }
  std::size_t with_deals = 0;
  for (const auto& [name, cid] : pieces) {
    const auto deals = preserve::deals_of(context.config.preserve.lighthouse_api, cid, settings);
    if (settings.stop.stop_requested()) return;
    json::object event{{"event", "deals"}, {"hash", asked.id.str()}, {"piece", name}, {"cid", cid.str()}};
    if (!deals) {
      event["why"] = words_of(deals.error());
      out.event(event);
      out.line("Filecoin deals of " + name + ": not known: " + printable(words_of(deals.error()), 300));
      continue;
    }
    json::array listed;
    std::string text;
    for (const preserve::Deal& deal : *deals) {
      listed.push_back(json::object{{"state", deal.state}, {"provider", deal.provider}, {"id", deal.id}});
      text += (text.empty() ? "" : ", ") + (deal.state.empty() ? "state not told" : deal.state);
      if (!deal.provider.empty()) text += " at " + deal.provider;
      if (!deal.id.empty()) text += " (" + deal.id + ")";
    }
    event["deals"] = std::move(listed);
    out.event(event);
    with_deals += deals->empty() ? 0U : 1U;
    out.line("Filecoin deals of " + name + ": " + (deals->empty() ? "none yet" : text));
  }
  out.line(std::to_string(with_deals) + " of " + std::to_string(pieces.size()) +
           " pieces have deals, as Lighthouse tells; they take hours to a day");
}

}  // namespace

Result<int> model_audit(Context& context) {
  const Config& config = context.config;
  EAI_TRY(Library library, Library::open(context));
  EAI_TRY(const std::vector<Asked> asked, resolve_all(library, context.words));
  if (asked.empty()) return fail(Code::invalid, "say which model to audit, by name or hash");
  if (config.fetch.offline) return fail(Code::invalid, "--offline opens no connection, and an audit asks the homes");
  Interrupt interrupt;
  preserve::AuditSettings settings{config.preserve.kubo_api, config.preserve.lighthouse_gateway, {}, interrupt.token()};
  settings.tries.max_retries = static_cast<int>(config.fetch.max_retries);
  settings.tries.stall = std::chrono::seconds(30);
  const std::vector<std::string> homes =
      config.audit.homes.empty() ? std::vector<std::string>{"lighthouse"} : config.audit.homes;
  int status = 0;
  for (const Asked& one : asked) {
    for (const std::string& home : homes) {
      auto source = preserve::make_source(home, settings);
      if (!source && source.error().code == Code::invalid) return Failure(std::move(source).error());
      Result<preserve::Verdict> verdict =
          source ? preserve::audit(one.id, **source, config.audit.samples) : Failure(std::move(source).error());
      if (interrupt.requested()) return k_interrupted;
      tell(one, home, verdict, context.out);
      if (!verdict) status = face_of(verdict.error().code).exit_status;
      if (home == "lighthouse") tell_deals(context, one, verdict, settings);
      if (interrupt.requested()) return k_interrupted;
    }
  }
  return status;
}

}  // namespace eai::cli
