// Source: the REST API of IPFS Cluster (preserve/cluster_api.h). A cluster is sent blocks, which it gives to as many of
// its peers as a pin is to have, and pins at the end.
#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <mutex>
#include <sstream>

#include "ipld/car.h"
#include "preserve/cluster_api.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t k_origins_limit = 20;
constexpr std::size_t k_width = 174;  // links in an inner block of the trees that a cluster makes by itself
// So often the cluster is asked again for a pin that failed at too many peers, or whose peers are gone. The pauses
// between grow, so this takes about half a minute.
constexpr int k_ask_again = 8;

std::string counted(std::uint64_t count, const std::string& what) {
  return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

std::string list_of(const std::vector<ClusterPeer>& peers) {
  std::string out;
  for (const ClusterPeer& peer : peers) {
    out += (out.empty() ? "" : ", ") + peer.name + (peer.trouble.empty() ? "" : ", which fails: " + peer.trouble);
  }
  return out;
}

class Cluster final : public Home {
 public:
  Cluster(ClusterAccess access, const HomeSettings& settings)
      : Home(access.name), api_(std::move(access)), settings_(settings) {
    factor_.least = factor_.most = static_cast<int>(settings.replicas);
  }

  bool cuts(const ipld::Profile& profile) const override { return profile.width == k_width; }
  bool can_tell() const override { return true; }

  Result<void> prepare(std::uint64_t, const std::vector<Home*>&) override {
    EAI_TRY(std::vector<ClusterPeer> peers, api_.peers());
    std::size_t able = 0;
    for (const ClusterPeer& peer : peers) {
      able += peer.trouble.empty() ? 1 : 0;
      for (const std::string& address : peer.addresses) {
        if (origins_.size() < k_origins_limit) origins_.push_back(address);
      }
    }
    if (able > 0 && able >= settings_.replicas) return {};
    std::sort(peers.begin(), peers.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
    return fail(Code::invalid, name() + " has too few peers for " +
                                   counted(std::max<std::uint64_t>(1, settings_.replicas), "replica") + ": " +
                                   list_of(peers));
  }

  Result<std::optional<Digests>> held(const std::vector<TreeBlocks>& trees) override {
    Digests out;
    for (const TreeBlocks& tree : trees) {
      EAI_TRY(const auto pin, api_.look(tree.root, tree.root.str()));
      if (!pin || pin->count(Holding::has) == 0) continue;  // one who has it gives it to the others
      for (const BlockSize& block : tree.blocks) out.insert(block.digest);
    }
    return std::optional(std::move(out));
  }

  std::string place() const override {
    std::string out;
    for (const std::string& peer : placed()) out += (out.empty() ? "" : " ") + peer;
    return out;
  }

  void go_on_at(const std::string& place) override {
    std::istringstream words(place);
    std::vector<std::string> peers{std::istream_iterator<std::string>(words), {}};
    std::lock_guard lock(mutex_);
    if (!peers.empty()) placed_ = std::move(peers);
  }

  Result<ipld::Cid> put_file(const Upload& upload) override {
    const ipld::Profile& profile = upload.profile;
    std::string how = "format=unixfs&hash=sha2-256&cid-version=" + std::to_string(profile.cid_version);
    how += std::string("&raw-leaves=") + (profile.leaves == ipld::Leaves::raw ? "true" : "false");
    return put(upload, how + "&chunker=size-" + std::to_string(profile.chunk));
  }

  Result<void> put_car(const Upload& upload) override {
    EAI_TRY(const ipld::Cid root, put(upload, "format=car"));
    if (root.hash() == upload.cid.hash()) return {};
    return fail(Code::corrupt,
                name() + ": took " + upload.name + " for " + root.str() + " instead of " + upload.cid.str());
  }

  Result<void> keep(const ipld::Cid& cid, const std::string& label) override {
    EAI_TRY(const auto pin, api_.look(cid, label));
    const bool is_right = pin && (settings_.replicas == 0 || pin->factor.least == factor_.least) && is_enough(*pin);
    if (!is_right) EAI_CHECK(ask_for({cid, label}, pin));
    pending_.push_back({cid, label});
    return {};
  }

  Result<void> finish(const ipld::Cid& hash) override {
    EAI_CHECK(keep(hash, "metadata"));
    for (const Pending& one : pending_) EAI_CHECK(wait_for(one));
    return {};
  }

  std::vector<std::string> origins() const override { return origins_; }

 private:
  struct Pending {
    ipld::Cid cid;
    std::string label;
  };

  Result<ipld::Cid> put(const Upload& upload, const std::string& how) {
    EAI_TRY(const std::vector<std::string> peers, choose_place());
    EAI_TRY(const ClusterApi::Added added, api_.add(upload, how, factor_, peers));
    return added.cid;
  }

  // All pieces of a model go to the same peers, so that each of them can give it as a whole. A first block, a few bytes
  // that nobody pins, shows which peers the cluster chooses.
  Result<std::vector<std::string>> choose_place() {
    std::lock_guard lock(mutex_);
    if (!placed_) {
      const Bytes bytes{'e', 'a', 'i'};
      const ipld::Cid cid = ipld::Cid::raw_of(bytes);
      Upload upload{"choosing its peers", {}, ipld::k_unixfs_v1_2025, cid, {}};
      upload.body.add(ipld::write_car({cid}, {{cid, bytes}}));
      EAI_TRY(ClusterApi::Added added, api_.add(upload, "format=car", factor_, {}));
      placed_ = std::move(added.peers);
    }
    return *placed_;
  }

  // Those of choose_place(), if this run or one that it continues sent anything.
  std::vector<std::string> placed() const {
    std::lock_guard lock(mutex_);
    return placed_.value_or(std::vector<std::string>());
  }

  static bool is_enough(const ClusterPin& pin) { return pin.count(Holding::has) >= pin.wanted(); }

  // Whoever does not say how many replicas there are to be leaves it at what was said before. Of a pin that is there
  // already, peers that failed try again, and others take the place of those that are gone.
  Result<void> ask_for(const Pending& one, const std::optional<ClusterPin>& there) {
    return api_.pin(one.cid, one.label, there && settings_.replicas == 0 ? there->factor : factor_, placed());
  }

  Result<void> wait_for(const Pending& one) {
    const auto ends = Clock::now() + settings_.pin_timeout;
    int asked_again = 0;
    for (auto pause = std::chrono::milliseconds(200);; pause = std::min(pause * 2, std::chrono::milliseconds(10'000))) {
      EAI_TRY(const auto pin, api_.look(one.cid, one.label));
      if (pin && is_enough(*pin)) return {};
      const std::string state =
          name() + ": " + one.label + " " + (pin ? words_of(*pin) : "is not in the cluster's list of pins");
      if (Clock::now() >= ends) {
        return fail(Code::timeout, state + " after " + human_duration(settings_.pin_timeout) +
                                       "; the cluster continues by itself, and the same command asks it again");
      }
      if (!pin || pin->count(Holding::has) + pin->count(Holding::working) < pin->wanted()) {
        if (++asked_again > k_ask_again) {
          return fail(Code::network, state + "; the cluster keeps what it has, and the same command asks it again");
        }
        EAI_CHECK(ask_for(one, pin));
      }
      if (settings_.tries.on_trouble) settings_.tries.on_trouble(state);
      if (!sleep(pause)) return fail(Code::cancelled, "stopped");
    }
  }

  // False when stopped.
  bool sleep(std::chrono::milliseconds time) const {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, settings_.stop, time, [] { return false; });
    return !settings_.stop.stop_requested();
  }

  ClusterApi api_;
  HomeSettings settings_;
  Factor factor_;
  std::vector<std::string> origins_;
  std::vector<Pending> pending_;
  mutable std::mutex mutex_;
  std::optional<std::vector<std::string>> placed_;
};

}  // namespace

std::unique_ptr<Home> make_cluster(std::string name, std::string url, const HomeSettings& settings) {
  return std::make_unique<Cluster>(
      ClusterAccess{std::move(name), std::move(url), settings.cluster_login, settings.tries, settings.stop}, settings);
}

}  // namespace eai::preserve
