// `eai model audit`
#include <boost/json.hpp>

#include "cli/interrupt.h"
#include "cli/resolve.h"
#include "preserve/audit.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

void tell(const Asked& asked, const std::string& home, const Result<preserve::Verdict>& verdict, Output& out) {
  json::object event{{"event", "audited"}, {"hash", asked.id.str()}, {"home", home}, {"good", verdict.has_value()}};
  if (!verdict) {
    event["why"] = verdict.error().message;
    out.line(out.styled(Style::red, "bad") + "   " + asked.label + " at " + home + "  " +
             printable(verdict.error().message, 400));
  } else {
    event["leaves"] = verdict->leaves;
    event["all_leaves"] = verdict->all_leaves;
    event["bytes"] = verdict->bytes;
    out.line(out.styled(Style::green, "good") + "  " + asked.label + " at " + home + "  metadata and " +
             std::to_string(verdict->leaves) + " of " + std::to_string(verdict->all_leaves) + " leaves, " +
             human_bytes(verdict->bytes));
  }
  out.event(event);
}

void tell_deals(const Context& context, const Asked& asked, const preserve::AuditSettings& settings) {
  auto deals = preserve::deal_state(context.config.lighthouse_api, asked.id, settings);
  context.out.event(json::object{{"event", "deals"},
                                 {"hash", asked.id.str()},
                                 {"known", deals.has_value()},
                                 {"answer", deals ? *deals : deals.error().message}});
  context.out.line(deals ? "Filecoin deals, as Lighthouse tells: " + *deals
                         : "Filecoin deals: " + printable(deals.error().message, 300));
}

}  // namespace

Result<int> model_audit(Context& context) {
  const Config& config = context.config;
  EAI_TRY(Library library, Library::open(context));
  EAI_TRY(const std::vector<Asked> asked, resolve_all(library, context.words));
  if (asked.empty()) return fail(Code::invalid, "say which model to audit, by name or hash");
  if (config.offline) return fail(Code::invalid, "--offline opens no connection, and an audit asks the homes");
  Interrupt interrupt;
  preserve::AuditSettings settings{config.kubo_api, config.lighthouse_gateway, {}, interrupt.token()};
  settings.tries.max_retries = static_cast<int>(config.max_retries);
  settings.tries.stall = std::chrono::seconds(30);
  const std::vector<std::string> homes =
      config.audit_homes.empty() ? std::vector<std::string>{"lighthouse"} : config.audit_homes;
  int status = 0;
  for (const Asked& one : asked) {
    for (const std::string& home : homes) {
      auto source = preserve::make_source(home, settings);
      if (!source && source.error().code == Code::invalid) return Failure(std::move(source).error());
      Result<preserve::Verdict> verdict =
          source ? preserve::audit(one.id, **source, config.samples) : Failure(std::move(source).error());
      if (interrupt.requested()) return k_interrupted;
      tell(one, home, verdict, context.out);
      if (!verdict) status = face_of(verdict.error().code).exit_status;
      if (home == "lighthouse") tell_deals(context, one, settings);
    }
  }
  return status;
}

}  // namespace eai::cli
