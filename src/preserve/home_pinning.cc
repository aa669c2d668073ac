// Source: IPFS Pinning Service API 1.0.0. Such a service is sent no bytes: it is told CIDs and fetches them from the
// addresses that it is given.
#include <condition_variable>
#include <mutex>

#include <boost/json.hpp>

#include "preserve/home.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

class Pinning final : public Home {
 public:
  Pinning(std::string name, std::string url, const HomeSettings& settings)
      : Home(std::move(name)), url_(std::move(url)), settings_(settings) {
    while (url_.ends_with('/')) url_.pop_back();
  }

  Result<void> prepare(std::uint64_t, const std::vector<std::string>& origins) override {
    origins_ = settings_.providers;
    origins_.insert(origins_.end(), origins.begin(), origins.end());
    if (origins_.size() > 20) origins_.resize(20);  // the API's limit
    if (origins_.empty()) {
      return fail(Code::invalid,
                  name() + " fetches the blocks from somebody: add --to kubo, or name one with --provider <multiaddr>");
    }
    EAI_TRY(const json::value answer, ask("is it there", "GET", "/pins?limit=1", nullptr));
    if (answer.is_object() && answer.get_object().contains("count")) return {};
    return fail(Code::network, name() + ": what answers there is no pinning service");
  }

  // The bytes come from elsewhere; what is to be pinned is told to keep() and finish().
  Result<content::Cid> put_file(const Upload& upload) override { return upload.cid; }
  Result<void> put_car(const Upload&) override { return {}; }

  Result<void> keep(const content::Cid& cid, const std::string& label) override {
    json::array origins;
    for (const std::string& origin : origins_) origins.emplace_back(origin);
    const json::object pin{{"cid", cid.str()}, {"name", label.substr(0, 255)}, {"origins", std::move(origins)}};
    Body body;
    const std::string text = json::serialize(pin);
    body.add(Bytes(text.begin(), text.end()));
    EAI_TRY(json::value status, ask("pinning " + label, "POST", "/pins", &body));
    return wait_for(std::move(status), cid, label);
  }
  Result<void> finish(const content::Cid& hash) override { return keep(hash, "metadata"); }

 private:
  Result<json::value> ask(const std::string& what, const std::string& method, const std::string& path,
                          const Body* body) const {
    Call call;
    call.what = name() + ": " + what;
    call.method = method;
    call.url = url_ + path;
    call.secret = settings_.pinning_key;
    call.headers = {{"Authorization", "Bearer " + settings_.pinning_key}, {"Content-Type", "application/json"}};
    call.body = body;
    EAI_TRY(const Bytes answer, exchange(call, settings_.tries, settings_.stop));
    json::error_code error;
    json::value value = json::parse(json::string_view(text_of(answer)), error);
    if (error) return fail(Code::network, call.what + ": the answer is not JSON");
    return value;
  }

  static std::string text_at(const json::value& value, const char* key) {
    const json::value* found = value.is_object() ? value.get_object().if_contains(key) : nullptr;
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  }

  Result<void> wait_for(json::value status, const content::Cid& cid, const std::string& label) const {
    auto answered = cid_in_answer(view_of(json::serialize(status)));
    if (!answered) return Failure(std::move(answered).error().with(name() + ": pinning " + label));
    if (answered->hash() != cid.hash()) {
      return fail(Code::corrupt, name() + ": pins " + answered->str() + " instead of " + cid.str());
    }
    const std::string id = text_at(status, "requestid");
    std::mutex mutex;
    std::condition_variable_any changed;
    for (auto pause = std::chrono::milliseconds(200);; pause = std::min(pause * 2, std::chrono::milliseconds(10'000))) {
      const std::string state = text_at(status, "status");
      if (state == "pinned") return {};
      if (state == "failed" || id.empty()) return fail(Code::network, name() + ": pinning " + label + " failed");
      std::unique_lock lock(mutex);
      changed.wait_for(lock, settings_.stop, pause, [] { return false; });
      if (settings_.stop.stop_requested()) return fail(Code::busy, "stopped");
      EAI_TRY(status, ask("pinning " + label, "GET", "/pins/" + url_escaped(id), nullptr));
    }
  }

  std::string url_;
  HomeSettings settings_;
  std::vector<std::string> origins_;
};

}  // namespace

std::unique_ptr<Home> make_pinning(std::string name, std::string url, const HomeSettings& settings) {
  return std::make_unique<Pinning>(std::move(name), std::move(url), settings);
}

}  // namespace eai::preserve
