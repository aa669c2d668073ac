#include "library/audit.h"

#include <algorithm>

#include "preserve/home.h"

namespace eai::library {
namespace {

using namespace std::string_literals;

constexpr const char* k_cluster = "cluster";

preserve::AuditSettings settings_of(const AuditRequest& request, const std::stop_token& stop) {
  preserve::AuditSettings out{request.kubo_api, request.lighthouse_gateway, {}, stop};
  out.tries.max_retries = request.max_retries;
  out.tries.stall = std::chrono::seconds(30);
  out.tries.network = request.network;
  return out;
}

Audited at_cluster(const Library& library, const Asked& asked, const std::string& home, const AuditRequest& request,
                   const std::stop_token& stop) {
  Audited out;
  const store::Model* model = library.stored(asked.id);
  if (model == nullptr) {
    out.fault = Error{Code::not_found,
                      asked.label +
                          " is not here: a cluster gives no bytes, so only the metadata in the store tell "
                          "which pieces it should have",
                      Hint::download_model};
    return out;
  }
  const std::string url = home.substr(std::min(home.size(), std::string_view(k_cluster).size() + 1));
  const preserve::ClusterApi cluster(
      {home, url.empty() ? request.cluster_api : url, request.cluster_login, settings_of(request, stop).tries, stop});
  auto replicas = preserve::find_replicas(asked.id, model->metadata, cluster);
  if (!replicas) {
    out.fault = std::move(replicas).error();
    return out;
  }
  out.fault = replicas->fault;
  out.verdict.files = model->metadata.files;
  out.verdict.tree_car = model->metadata.tree_car;
  out.verdict.tree_car_fault = replicas->trees_fault;
  out.replicas = *std::move(replicas);
  return out;
}

}  // namespace

Result<Audited> audit(const Library& library, const Asked& asked, const std::string& home, const AuditRequest& request,
                      Feed& feed, const std::stop_token& stop) {
  feed.progress({asked.label, asked.id.str(), Phase::asking});
  if (home == k_cluster || home.starts_with(k_cluster + ":"s)) {
    EAI_CHECK(preserve::check_home_address(home));
    Audited out = at_cluster(library, asked, home, request, stop);
    if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
    return out;
  }
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
