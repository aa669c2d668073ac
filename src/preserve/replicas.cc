#include "preserve/replicas.h"

#include <algorithm>

namespace eai::preserve {
namespace {

void count(Replicas& replicas, const ClusterPin& pin) {
  for (const PeerPin& peer : pin.peers) {
    auto found = std::find_if(replicas.peers.begin(), replicas.peers.end(),
                              [&](const Replica& replica) { return replica.id == peer.id; });
    if (found == replicas.peers.end()) {
      found = replicas.peers.insert(found, {peer.id, peer.name, 0, 0, Holding::has, {}, {}});
    }
    ++found->of;
    if (peer.holding == Holding::has) ++found->pieces;
    if (found->holding != Holding::has) continue;
    found->holding = peer.holding;
    found->status = peer.status;
    found->why = peer.why;
  }
}

// What is wrong with one piece, if anything is.
Result<std::optional<Error>> look_at(const ipld::Cid& cid, const std::string& label, const ClusterApi& cluster,
                                     Replicas& replicas) {
  EAI_TRY(const auto pin, cluster.look(cid, label));
  if (!pin) {
    replicas.copies = 0;
    return std::optional(Error{Code::not_found, label + " (" + cid.str() + ") is not in its list of pins"});
  }
  count(replicas, *pin);
  replicas.copies = std::min(replicas.copies, pin->count(Holding::has));
  replicas.wanted = std::max(replicas.wanted, pin->wanted());
  if (pin->count(Holding::has) >= pin->wanted()) return std::optional<Error>();
  return std::optional(Error{Code::network, label + " " + words_of(*pin)});
}

}  // namespace

Result<Replicas> find_replicas(const ipld::Cid& hash, const model::Metadata& metadata, const ClusterApi& cluster) {
  EAI_CHECK(cluster.peers());  // says what is wrong with the address
  Replicas out;
  out.pieces = 1 + metadata.files.size();
  out.copies = SIZE_MAX;
  EAI_TRY(out.fault, look_at(hash, "the metadata", cluster, out));
  for (const auto& file : metadata.files) {
    EAI_TRY(auto fault, look_at(file.cid, file.file_name, cluster, out));
    if (!out.fault) out.fault = std::move(fault);
  }
  if (const auto& car = metadata.tree_car) {
    Replicas apart;
    EAI_TRY(out.trees_fault, look_at(car->cid, car->file_name, cluster, apart));
  }
  return out;
}

}  // namespace eai::preserve
