// Source: IPFS Pinning Service API 1.0.0. Such a service is sent no bytes: it is told CIDs and fetches them from the
// addresses that it is given (origins), or from peers that come to it (delegates).
#include <condition_variable>
#include <mutex>

#include <boost/json.hpp>

#include "preserve/home.h"
#include "preserve/multipart.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

constexpr std::size_t k_origins_limit = 20, k_name_limit = 255;

std::string text_at(const json::value& value, const char* key) {
  const json::value* found = value.is_object() ? value.get_object().if_contains(key) : nullptr;
  return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
}

// What the service tells of a failure, where it does.
std::string info_of(const json::value& status) {
  const json::value* info = status.is_object() ? status.get_object().if_contains("info") : nullptr;
  if (info == nullptr || !info->is_object() || info->get_object().empty()) return "";
  return ": " + printable(json::serialize(*info), 300);
}

class Pinning final : public Home {
 public:
  Pinning(std::string name, std::string url, const HomeSettings& settings)
      : Home(std::move(name)), url_(std::move(url)), settings_(settings) {
    while (url_.ends_with('/')) url_.pop_back();
  }

  bool takes_bytes() const override { return false; }
  bool fetches_from_others() const override { return settings_.providers.empty(); }

  Result<void> prepare(std::uint64_t, const std::vector<Home*>& others) override {
    others_ = others;
    origins_ = settings_.providers;
    for (const Home* other : others) {
      for (const std::string& origin : other->origins()) origins_.push_back(origin);
    }
    if (origins_.size() > k_origins_limit) origins_.resize(k_origins_limit);
    if (origins_.empty()) {
      return fail(Code::invalid, name() + " fetches the blocks from somebody else, and nobody who has them is named",
                  Hint::name_provider);
    }
    EAI_TRY(const json::value answer, ask("asking for its pins", "GET", "/pins?limit=1", nullptr));
    if (answer.is_object() && answer.get_object().contains("count")) return {};
    return fail(Code::network, name() + ": what answers there is not a pinning service");
  }

  Result<void> keep(const ipld::Cid& cid, const std::string& label) override {
    // An earlier run may have asked for it.
    EAI_TRY(json::value status, known(cid, label));
    if (status.is_null()) {
      auto asked = submit(cid, label);
      // Some services refuse what they have.
      if (!asked && asked.error().code == Code::invalid) {
        EAI_TRY(json::value had, known(cid, label));
        if (!had.is_null()) asked = std::move(had);
      }
      EAI_TRY(status, std::move(asked));
    }
    EAI_CHECK(check(status, cid, label));
    pending_.push_back({cid, label, std::move(status)});
    return {};
  }

  Result<void> finish(const ipld::Cid& hash) override {
    EAI_CHECK(keep(hash, "metadata"));
    for (Pending& one : pending_) EAI_CHECK(wait_for(one));
    return {};
  }

 private:
  struct Pending {
    ipld::Cid cid;
    std::string label;
    json::value status;
  };

  Result<json::value> ask(const std::string& what, const std::string& method, const std::string& path,
                          const Body* body) const {
    peers::ServiceCall call;
    call.what = name() + ": " + what;
    call.method = method;
    call.url = url_ + path;
    call.secret = settings_.pinning_key;
    call.headers = {{"Authorization", "Bearer " + settings_.pinning_key}, {"Content-Type", "application/json"}};
    if (body != nullptr) call.body = body->request();
    EAI_TRY(const Bytes answer, peers::call_service(call, settings_.tries, settings_.stop));
    json::error_code error;
    json::value value = json::parse(json::string_view(text_of(answer)), error);
    if (error) return fail(Code::network, call.what + ": the answer is not JSON");
    return value;
  }

  // The pin that the service has or works on; null if there is none.
  Result<json::value> known(const ipld::Cid& cid, const std::string& label) const {
    EAI_TRY(const json::value answer, ask("looking for the pin of " + label, "GET",
                                          "/pins?status=queued,pinning,pinned&limit=1&cid=" + cid.str(), nullptr));
    const json::value* results = answer.is_object() ? answer.get_object().if_contains("results") : nullptr;
    if (results == nullptr || !results->is_array() || results->get_array().empty()) return json::value();
    return results->get_array().front();
  }

  Result<json::value> submit(const ipld::Cid& cid, const std::string& label) {
    json::array origins;
    for (const std::string& origin : origins_) origins.emplace_back(origin);
    const json::object pin{
        {"cid", cid.str()}, {"name", label.substr(0, k_name_limit)}, {"origins", std::move(origins)}};
    Body body;
    const std::string text = json::serialize(pin);
    body.add(Bytes(text.begin(), text.end()));
    EAI_TRY(json::value status, ask("pinning " + label, "POST", "/pins", &body));
    meet_delegates(status);
    return status;
  }

  // Peers of the service that the blocks' owner is to connect to: the service may not be able to reach it.
  void meet_delegates(const json::value& status) {
    const json::value* delegates = status.is_object() ? status.get_object().if_contains("delegates") : nullptr;
    if (delegates == nullptr || !delegates->is_array()) return;
    std::vector<std::string> peers;
    for (const json::value& delegate : delegates->get_array()) {
      if (delegate.is_string() && peers.size() < k_origins_limit) peers.emplace_back(delegate.get_string());
    }
    if (peers == met_) return;  // one connection serves all pins
    met_ = peers;
    for (Home* other : others_) other->meet(peers);
  }

  Result<void> check(const json::value& status, const ipld::Cid& cid, const std::string& label) const {
    auto answered = cid_in_answer(view_of(json::serialize(status)));
    if (!answered) return Failure(std::move(answered).error().with(name() + ": pinning " + label));
    if (answered->hash() == cid.hash()) return {};
    return fail(Code::corrupt, name() + ": pins " + answered->str() + " instead of " + cid.str());
  }

  Result<void> wait_for(Pending& one) const {
    const std::string what = name() + ": pinning " + one.label;
    const std::string id = text_at(one.status, "requestid");
    const auto deadline = std::chrono::steady_clock::now() + settings_.pin_timeout;
    std::mutex mutex;
    std::condition_variable_any changed;
    for (auto pause = std::chrono::milliseconds(200);; pause = std::min(pause * 2, std::chrono::milliseconds(10'000))) {
      const std::string state = text_at(one.status, "status");
      if (state == "pinned") return {};
      if (state == "failed") return fail(Code::network, what + " failed there" + info_of(one.status));
      if (id.empty() || (state != "queued" && state != "pinning")) {
        return fail(Code::network, what + ": the answer is not the status of a pin");
      }
      if (std::chrono::steady_clock::now() >= deadline) {
        return fail(Code::timeout, what + " is still " + state + " after " + human_duration(settings_.pin_timeout) +
                                       "; the service continues by itself, and the same command asks it again");
      }
      if (settings_.tries.on_trouble) settings_.tries.on_trouble(what + ": " + state);
      std::unique_lock lock(mutex);
      changed.wait_for(lock, settings_.stop, pause, [] { return false; });
      if (settings_.stop.stop_requested()) return fail(Code::cancelled, "stopped");
      EAI_TRY(one.status, ask("pinning " + one.label, "GET", "/pins/" + url_escaped(id), nullptr));
      EAI_CHECK(check(one.status, one.cid, one.label));
    }
  }

  std::string url_;
  HomeSettings settings_;
  std::vector<Home*> others_;
  std::vector<std::string> origins_;
  std::vector<std::string> met_;
  std::vector<Pending> pending_;
};

}  // namespace

std::unique_ptr<Home> make_pinning(std::string name, std::string url, const HomeSettings& settings) {
  return std::make_unique<Pinning>(std::move(name), std::move(url), settings);
}

}  // namespace eai::preserve
