// `eai model audit`
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "library/audit.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

void tell(const library::Asked& asked, const std::string& home, const library::Audited& audited, Output& out) {
  const preserve::Verdict& verdict = audited.verdict;
  json::object event{{"event", "audited"}, {"hash", asked.id.str()}, {"home", home}, {"good", !audited.fault}};
  if (audited.fault) {
    event["why"] = words_of(*audited.fault);
    out.line(out.styled(Style::red, "bad") + "   " + asked.label + " at " + home + "  " +
             printable(words_of(*audited.fault), 400));
  } else {
    event["leaves"] = verdict.leaves;
    event["all_leaves"] = verdict.all_leaves;
    event["wholes"] = verdict.wholes;
    event["bytes"] = verdict.bytes;
    const std::string seen =
        verdict.wholes == 0 ? std::to_string(verdict.leaves) + " of " + std::to_string(verdict.all_leaves) + " leaves"
                            : std::to_string(verdict.wholes) + " of " + std::to_string(verdict.files.size()) +
                                  " whole parts (it does not serve single blocks)";
    if (verdict.tree_car) event["trees"] = verdict.tree_car_fault ? "lacking" : "good";
    out.line(out.styled(Style::green, "good") + "  " + asked.label + " at " + home + "  metadata and " + seen + ", " +
             human_bytes(verdict.bytes));
    if (verdict.tree_car_fault) {
      event["trees_why"] = words_of(*verdict.tree_car_fault);
      out.line("      without the CAR of its trees, so a download from there takes more requests: " +
               printable(words_of(*verdict.tree_car_fault), 300));
    }
  }
  out.event(event);
}

void tell(const library::Asked& asked, const library::DealPiece& piece,
          const Result<std::vector<preserve::Deal>>& deals, Output& out) {
  json::object event{{"event", "deals"}, {"hash", asked.id.str()}, {"piece", piece.name}, {"cid", piece.cid.str()}};
  if (!deals) {
    event["why"] = words_of(deals.error());
    out.event(event);
    out.line("Filecoin deals of " + piece.name + ": unknown: " + printable(words_of(deals.error()), 300));
    return;
  }
  json::array listed;
  std::string text;
  for (const preserve::Deal& deal : *deals) {
    listed.push_back(json::object{{"state", deal.state}, {"provider", deal.provider}, {"id", deal.id}});
    text += (text.empty() ? "" : ", ") + (deal.state.empty() ? "state unknown" : deal.state);
    if (!deal.provider.empty()) text += " at " + deal.provider;
    if (!deal.id.empty()) text += " (" + deal.id + ")";
  }
  event["deals"] = std::move(listed);
  out.event(event);
  out.line("Filecoin deals of " + piece.name + ": " + (deals->empty() ? "none yet" : text));
}

void tell_deals(const library::Asked& asked, const library::Audited& audited, const library::AuditRequest& request,
                Output& out, const std::stop_token& stop) {
  const std::vector<library::DealPiece> pieces = library::deal_pieces(asked, audited);
  std::size_t with_deals = 0;
  for (const library::DealPiece& piece : pieces) {
    const auto deals = library::deals_of(piece, request, stop);
    if (stop.stop_requested()) return;
    tell(asked, piece, deals, out);
    with_deals += deals && !deals->empty() ? 1U : 0U;
  }
  out.line(std::to_string(with_deals) + " of " + std::to_string(pieces.size()) +
           " pieces have deals, according to Lighthouse; a deal takes hours, or a day");
}

library::AuditRequest request_of(const Config& config) {
  return {config.audit.samples,
          config.preserve.kubo_api,
          config.preserve.lighthouse_api,
          config.preserve.lighthouse_gateway,
          static_cast<int>(config.fetch.max_retries),
          std::make_shared<peers::NetworkWatch>()};
}

}  // namespace

Result<int> model_audit(Context& context) {
  const Config& config = context.config;
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked, library::resolve_all(library, context.words.models, context.words.hashes));
  if (asked.empty()) return fail(Code::invalid, "say which model to audit, by name or hash");
  if (config.fetch.offline) return fail(Code::invalid, "an audit asks the homes, which --offline forbids");
  Interrupt interrupt;
  const library::AuditRequest request = request_of(config);
  const std::vector<std::string> homes =
      config.audit.homes.empty() ? std::vector<std::string>{library::k_lighthouse} : config.audit.homes;
  int status = 0;
  for (const library::Asked& one : asked) {
    for (const std::string& home : homes) {
      const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
        return library::audit(one, home, request, feed, stop);
      };
      auto audited = run_job<library::Audited>(work, {}, context.out, interrupt.token());
      if (interrupt.requested()) return k_interrupted;
      if (!audited) return Failure(std::move(audited).error());
      tell(one, home, *audited, context.out);
      if (audited->fault) status = face_of(audited->fault->code).exit_status;
      if (home == library::k_lighthouse) tell_deals(one, *audited, request, context.out, interrupt.token());
      if (interrupt.requested()) return k_interrupted;
    }
  }
  return status;
}

}  // namespace eai::cli
