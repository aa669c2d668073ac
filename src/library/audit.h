// Why: what was preserved is still at its homes, byte for byte.
// Thread: the job's. Blocks on the network.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "library/job.h"
#include "library/resolve.h"
#include "preserve/audit.h"
#include "preserve/deals.h"
#include "preserve/replicas.h"

namespace eai::library {

inline constexpr const char* k_lighthouse = "lighthouse";  // the home that makes Filecoin deals, and the default one

struct AuditRequest {
  std::uint64_t samples = 8;
  std::string kubo_api, lighthouse_api, lighthouse_gateway, cluster_api;
  std::string cluster_login;  // "user:password", or empty
  int max_retries = 5;
  // Shared by all that one command asks: a network that is away is waited for once.
  std::shared_ptr<peers::NetworkWatch> network = std::make_shared<peers::NetworkWatch>();
};

struct Audited {
  preserve::Verdict verdict;
  std::optional<preserve::Replicas> replicas;  // of a cluster, which gives no bytes: its word is the verdict
  std::optional<Error> fault;  // what is wrong with what the home gave, or why it gave nothing; else all of it was good
};

// One model at one home (preserve/audit.h), or at the peers of a cluster (preserve/replicas.h), which must be here: only
// its metadata name its pieces. An error only where there is no such home (Code::invalid) or it was stopped
// (Code::cancelled).
Result<Audited> audit(const Library& library, const Asked& asked, const std::string& home, const AuditRequest& request,
                      Feed& feed, const std::stop_token& stop);

// What Lighthouse makes deals for: the metadata, then each part where they are known.
struct DealPiece {
  std::string name;
  ipld::Cid cid;
};
std::vector<DealPiece> deal_pieces(const Asked& asked, const Audited& audited);

Result<std::vector<preserve::Deal>> deals_of(const DealPiece& piece, const AuditRequest& request,
                                             const std::stop_token& stop);

}  // namespace eai::library
