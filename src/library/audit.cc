#include "library/audit.h"

namespace eai::library {
namespace {

preserve::AuditSettings settings_of(const AuditRequest& request, const std::stop_token& stop) {
  preserve::AuditSettings out{request.kubo_api, request.lighthouse_gateway, {}, stop};
  out.tries.max_retries = request.max_retries;
  out.tries.stall = std::chrono::seconds(30);
  out.tries.network = request.network;
  return out;
}

}  // namespace

Result<Audited> audit(const Asked& asked, const std::string& home, const AuditRequest& request, Feed& feed,
                      const std::stop_token& stop) {
  feed.progress({asked.label, asked.id.str(), Phase::asking});
  Audited out;
  auto source = preserve::make_source(home, settings_of(request, stop));
  if (!source && source.error().code == Code::invalid) return Failure(std::move(source).error());
  auto verdict = source ? preserve::audit(asked.id, **source, request.samples) : Failure(std::move(source).error());
  if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
  if (verdict) {
    out.verdict = *std::move(verdict);
  } else {
    out.fault = std::move(verdict).error();
  }
  return out;
}

std::vector<DealPiece> deal_pieces(const Asked& asked, const Audited& audited) {
  std::vector<DealPiece> out{{"metadata", asked.id}};
  for (const auto& file : audited.verdict.files) out.push_back({file.file_name, file.cid});
  if (const auto& car = audited.verdict.tree_car) out.push_back({car->file_name, car->cid});
  return out;
}

Result<std::vector<preserve::Deal>> deals_of(const DealPiece& piece, const AuditRequest& request,
                                             const std::stop_token& stop) {
  return preserve::deals_of(request.lighthouse_api, piece.cid, settings_of(request, stop));
}

}  // namespace eai::library
