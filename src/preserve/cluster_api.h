// Why: an IPFS Cluster is several kubo nodes that share one list of pins. Its API takes blocks and pins, and says which
// of its peers has what; it gives no bytes back.
// Thread: any; calls block.
// What holds: what a peer has is the cluster's word. Only the CID that it answers for what it was sent is proven, by
// whoever compares it.
// Source: the REST API of IPFS Cluster 1.1 (docs/formats.md, "IPFS Cluster").
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "peers/service_call.h"
#include "preserve/home.h"

namespace eai::preserve {

struct ClusterAccess {
  std::string name;   // of the home, for messages
  std::string url;    // of the API
  std::string login;  // "user:password", or empty
  peers::Tries tries;
  std::stop_token stop;
};

struct ClusterPeer {
  std::string name;
  std::vector<std::string> addresses;  // of its kubo node
  std::string trouble;                 // why it takes nothing; empty if it does
};

// What a peer that is to have a pin makes of it.
enum class Holding { has, working, failed, away };
struct PeerPin {
  std::string id, name;
  Holding holding = Holding::working;
  std::string status;  // in the cluster's word: "pinned", "pin_queued"
  std::string why;     // it failed, or cannot be reached
};
std::string words_of(const PeerPin& peer);  // "cannot be reached (dial backoff)"

// On how many peers a pin is to be, between `least` and `most`. 0: as the cluster is set; less than 0: on all.
struct Factor {
  int least = 0, most = 0;
};

struct ClusterPin {
  Factor factor;
  std::vector<PeerPin> peers;  // those that are to have it
  std::size_t wanted() const;  // so many of them at least
  std::size_t count(Holding holding) const;
};
std::string words_of(const ClusterPin& pin);  // "is at 1 of 2 peers; c1 cannot be reached"

class ClusterApi {
 public:
  explicit ClusterApi(ClusterAccess access);
  const std::string& name() const { return access_.name; }

  // Those that are there now. Errors say what may be wrong with the address or the login.
  Result<std::vector<ClusterPeer>> peers() const;
  // Nothing if it is not in the list of pins.
  Result<std::optional<ClusterPin>> look(const ipld::Cid& cid, const std::string& label) const;

  struct Added {
    ipld::Cid cid;
    std::vector<std::string> peers;  // the IDs of those that the blocks went to
  };
  // Sends blocks and pins nothing. `how`: "format=car", or how to cut a file. `near`: the peers that are to get them,
  // where that fits `factor`.
  Result<Added> add(const Upload& upload, const std::string& how, const Factor& factor,
                    const std::vector<std::string>& near) const;
  // `near`: the peers that are to have it if they do not have it yet and that fits `factor`.
  Result<void> pin(const ipld::Cid& cid, const std::string& label, const Factor& factor,
                   const std::vector<std::string>& near) const;

 private:
  peers::ServiceCall call(const std::string& what, const std::string& method, const std::string& path) const;
  Result<Bytes> ask(const peers::ServiceCall& call) const;

  ClusterAccess access_;
};

}  // namespace eai::preserve
