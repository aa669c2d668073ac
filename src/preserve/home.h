// Why: a home is a place that keeps the model's bytes. Each home is reached in its own way, and what it says that it
// has stored is compared with what we know.
// Thread: put_*() from several threads at once; the rest from one.
// What holds: when a call succeeds, the home has the bytes, and the CID that it named is returned.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "ipld/unixfs.h"
#include "peers/service_call.h"
#include "preserve/body.h"
#include "preserve/known_blocks.h"

namespace eai::preserve {

struct Upload {
  std::string name;
  Body body;
  ipld::Profile profile;  // the tree that we expect
  ipld::Cid cid;          // and its root
  std::function<void(std::uint64_t)> on_sent;
};

class Home {
 public:
  virtual ~Home() = default;
  // As given with --to; names it in messages and receipts.
  const std::string& name() const { return name_; }
  // True where the service cuts files in a way of its own, which the first part tells.
  virtual bool picks_profile() const { return false; }
  // Written anew in each run: what a run that stopped had sent is gone, what a run finished is there as a whole.
  virtual bool whole_or_nothing() const { return false; }
  // False where it is sent no bytes at all, but told CIDs by keep() and finish().
  virtual bool takes_bytes() const { return true; }
  // Gets its bytes from homes that have origins(), not from us.
  virtual bool fetches_from_others() const { return false; }
  // Whether it makes a file's tree by this profile, if it is sent the file. Else it is sent the blocks.
  virtual bool cuts(const ipld::Profile& /*profile*/) const { return true; }
  // Whether held() tells anything. Then prepare() and held() change nothing there, and serve a dry run too.
  virtual bool can_tell() const { return false; }
  // Largest request, in bytes.
  virtual std::uint64_t limit() const { return UINT64_MAX; }
  // Largest CAR of blocks of a file; a home that wants a file's blocks in one CAR has no such limit.
  virtual std::uint64_t car_size() const { return 256 * k_mib; }
  // Before anything is packed: reachable, key taken, room for `bytes`. `others`: the homes that are prepared already;
  // they live as long as this one.
  virtual Result<void> prepare(std::uint64_t bytes, const std::vector<Home*>& others) = 0;
  // Where in this home the bytes go, in its own words, once something was sent; empty if there is nothing to tell. A
  // later run that goes on tells it before it prepares the home.
  virtual std::string place() const { return {}; }
  virtual void go_on_at(const std::string& /*place*/) {}
  // Sends a file's bytes; the CID that the home gave them. Both put_*() where takes_bytes().
  virtual Result<ipld::Cid> put_file(const Upload& upload);
  // Sends a CAR whose root is upload.cid.
  virtual Result<void> put_car(const Upload& upload);
  // Which of the blocks of these trees it has; nothing from a home that cannot tell.
  virtual Result<std::optional<Digests>> held(const std::vector<TreeBlocks>& /*trees*/) {
    return std::optional<Digests>();
  }
  // The tree of `cid` is complete there and is to stay. What takes long may be awaited in finish().
  virtual Result<void> keep(const ipld::Cid& cid, const std::string& name) = 0;
  // After everything; `hash` is the model's.
  virtual Result<void> finish(const ipld::Cid& hash) = 0;
  // Addresses under which others can fetch from it.
  virtual std::vector<std::string> origins() const { return {}; }
  // Connects to peers that want to fetch from it; that they cannot be reached is no error.
  virtual void meet(const std::vector<std::string>& /*multiaddresses*/) {}

 protected:
  explicit Home(std::string name) : name_(std::move(name)) {}

 private:
  std::string name_;
};

struct HomeSettings {
  // A dry run sends nothing, and so needs no keys.
  enum class Keys { needed, not_needed } keys = Keys::needed;
  std::string lighthouse_key;  // LIGHTHOUSE_API_KEY
  std::string lighthouse_upload = "https://upload.lighthouse.storage";
  std::string lighthouse_api = "https://api.lighthouse.storage";
  std::string kubo_api = "http://127.0.0.1:5001";
  std::string cluster_api = "http://127.0.0.1:9094";
  std::string cluster_login;                 // EAI_CLUSTER_LOGIN, "user:password"; empty: none
  std::uint64_t replicas = 0;                // peers of a cluster that are to have the model; 0: as the cluster is set
  std::string pinning_key;                   // EAI_PINNING_KEY
  std::vector<std::string> providers;        // multiaddrs that a pinning service may fetch from
  std::chrono::seconds pin_timeout{86'400};  // for one CID at a pinning service or a cluster
  peers::Tries tries;
  std::stop_token stop;
};

// A home's name is told in errors, progress and receipts, so no secret may be in it. Code::invalid for a URL with a
// user name, a password or a query.
Result<void> check_home_address(const std::string& word);

using Homes = std::vector<std::unique_ptr<Home>>;
// "lighthouse", "kubo", "kubo:<URL>", "cluster", "cluster:<URL>", "pinning:<URL>", "car:<file>". Code::invalid for anything else, a home given
// twice or a key that is missing. Pinning services come last: they fetch from the others.
Result<Homes> make_homes(const std::vector<std::string>& words, const HomeSettings& settings);

std::unique_ptr<Home> make_lighthouse(const HomeSettings& settings);
std::unique_ptr<Home> make_kubo(std::string name, std::string url, const HomeSettings& settings);
std::unique_ptr<Home> make_cluster(std::string name, std::string url, const HomeSettings& settings);
std::unique_ptr<Home> make_pinning(std::string name, std::string url, const HomeSettings& settings);
std::unique_ptr<Home> make_car(std::string name, fs::path file);

// The last CID that a service's answer (JSON, or several lines of it) names under one of the keys that services use.
Result<ipld::Cid> cid_in_answer(ByteView answer);

}  // namespace eai::preserve
