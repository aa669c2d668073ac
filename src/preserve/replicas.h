// Why: an IPFS Cluster is to keep a model on some of its peers. On which ones it is, and what is wrong with the others,
// is what its owner wants to know.
// Thread: one; calls block.
// What holds: all of it is the cluster's word, which gives no bytes back.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/metadata.h"
#include "preserve/cluster_api.h"

namespace eai::preserve {

struct Replica {
  std::string id, name;
  std::size_t pieces = 0;  // that it has
  std::size_t of = 0;      // that it is to have
  // Of the first piece that it does not have, else of the last one.
  Holding holding = Holding::has;
  std::string status, why;
};

struct Replicas {
  std::size_t pieces = 0;  // the metadata, and each part or file
  std::size_t copies = 0;  // of the piece of which there are the fewest
  std::size_t wanted = 0;  // as many as there are to be
  std::vector<Replica> peers;
  std::optional<Error> fault;        // there are fewer than there are to be
  std::optional<Error> trees_fault;  // the same for the CAR of trees, without which the model is whole
};

// An error only if the cluster could not be asked.
Result<Replicas> find_replicas(const ipld::Cid& hash, const model::Metadata& metadata, const ClusterApi& cluster);

}  // namespace eai::preserve
