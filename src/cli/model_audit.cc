// `eai model audit`
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/environment_keys.h"
#include "cli/follow.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "library/audit.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

// What was looked at, and was good.
std::string seen_in(const library::Audited& audited) {
  const preserve::Verdict& verdict = audited.verdict;
  if (const auto& replicas = audited.replicas) {
    return std::to_string(replicas->pieces) + " pieces at " + std::to_string(replicas->copies) + " of " +
           std::to_string(replicas->wanted) + " peers, as the cluster says";
  }
  const std::string blocks =
      verdict.wholes == 0 ? std::to_string(verdict.leaves) + " of " + std::to_string(verdict.all_leaves) + " leaves"
                          : std::to_string(verdict.wholes) + " of " + std::to_string(verdict.files.size()) +
                                " whole parts (it does not serve single blocks)";
  return "metadata and " + blocks + ", " + human_bytes(verdict.bytes);
}

std::string_view name_of(preserve::Holding holding) {
  switch (holding) {
    case preserve::Holding::has:
      return "has";
    case preserve::Holding::working:
      return "working";
    case preserve::Holding::failed:
      return "failed";
    case preserve::Holding::away:
      return "away";
  }
  return "";
}

void tell_peers(const preserve::Replicas& replicas, json::object& event, Output& out) {
  json::array peers;
  for (const preserve::Replica& peer : replicas.peers) {
    peers.push_back(json::object{{"peer", peer.name},
                                 {"id", peer.id},
                                 {"pieces", peer.pieces},
                                 {"of", peer.of},
                                 {"holding", name_of(peer.holding)},
                                 {"status", peer.status},
                                 {"why", peer.why}});
    const std::string has = std::to_string(peer.pieces) + " of " + std::to_string(peer.of) + " pieces";
    if (peer.holding == preserve::Holding::has) {
      out.line("      " + peer.name + "  " + has);
    } else {
      const preserve::PeerPin first{peer.id, peer.name, peer.holding, peer.status, peer.why};
      out.line("      " + peer.name + "  " + has + ", " + preserve::words_of(first));
    }
  }
  event["replicas"] = replicas.copies;
  event["wanted"] = replicas.wanted;
  event["pieces"] = replicas.pieces;
  event["peers"] = std::move(peers);
}

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
    if (verdict.tree_car) event["trees"] = verdict.tree_car_fault ? "lacking" : "good";
    out.line(out.styled(Style::green, "good") + "  " + asked.label + " at " + home + "  " + seen_in(audited));
    if (verdict.tree_car_fault) {
      event["trees_why"] = words_of(*verdict.tree_car_fault);
      out.line("      without the CAR of its trees, so a download from there takes more requests: " +
               printable(words_of(*verdict.tree_car_fault), 300));
    }
  }
  if (audited.replicas) tell_peers(*audited.replicas, event, out);
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

Result<library::AuditRequest> request_of(const Config& config) {
  library::AuditRequest out;
  out.samples = config.audit.samples;
  out.kubo_api = config.preserve.kubo_api;
  out.lighthouse_api = config.preserve.lighthouse_api;
  out.lighthouse_gateway = config.preserve.lighthouse_gateway;
  out.cluster_api = config.preserve.cluster_api;
  EAI_TRY(out.cluster_login, login_from_environment(k_cluster_login));
  out.max_retries = static_cast<int>(config.fetch.max_retries);
  return out;
}

}  // namespace

Result<int> model_audit(Context& context) {
  const Config& config = context.config;
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const auto asked,
          library::resolve_all(library, context.words.models, context.words.hashes, library::Typed::here));
  if (asked.empty()) return fail(Code::invalid, "say which model to audit, by name or hash");
  if (config.fetch.offline) return fail(Code::invalid, "an audit asks the homes, which --offline forbids");
  Interrupt interrupt;
  EAI_TRY(const library::AuditRequest request, request_of(config));
  const std::vector<std::string> homes =
      config.audit.homes.empty() ? std::vector<std::string>{library::k_lighthouse} : config.audit.homes;
  int status = 0;
  for (const library::Asked& one : asked) {
    for (const std::string& home : homes) {
      const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
        return library::audit(library, one, home, request, feed, stop);
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
