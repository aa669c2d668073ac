// Source: what Lighthouse's SDKs send (docs/formats.md, "Lighthouse").
#include <boost/json.hpp>

#include "preserve/home.h"
#include "preserve/multipart.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

class Lighthouse final : public Home {
 public:
  explicit Lighthouse(const HomeSettings& settings) : Home("lighthouse"), settings_(settings) {}

  bool picks_profile() const override { return true; }
  std::uint64_t limit() const override { return 24'000'000'000; }
  std::uint64_t car_size() const override { return UINT64_MAX; }

  Result<void> prepare(std::uint64_t bytes, const std::vector<Home*>&) override {
    peers::ServiceCall call = base("asking for the room left");
    call.method = "GET";
    call.url = settings_.lighthouse_api + "/api/user/user_data_usage";
    auto asked = peers::call_service(call, settings_.tries, settings_.stop);
    // It tells no longer; an upload that does not fit is refused when it comes.
    if (!asked && asked.error().code == Code::not_found) return {};
    EAI_TRY(const Bytes answer, std::move(asked));
    json::error_code error;
    json::value value = json::parse(json::string_view(text_of(answer)), error);
    if (error || !value.is_object()) return fail(Code::network, call.what + ": not a JSON object");
    if (const json::value* data = value.as_object().if_contains("data"); data != nullptr && data->is_object()) {
      value = json::value(*data);
    }
    const auto limit = number(value, "dataLimit"), used = number(value, "dataUsed");
    if (limit && used && *used + static_cast<double>(bytes) > *limit) {
      return fail(Code::invalid, "lighthouse: quota exceeded: " + human_bytes(static_cast<std::uint64_t>(*used)) +
                                     " of " + human_bytes(static_cast<std::uint64_t>(*limit)) +
                                     " are used, and this needs " + human_bytes(bytes));
    }
    return {};
  }

  Result<ipld::Cid> put_file(const Upload& upload) override {
    return post(upload, "/api/v0/add?wrap-with-directory=false&cid-version=1");
  }

  Result<void> put_car(const Upload& upload) override {
    EAI_TRY(const ipld::Cid got, post(upload, "/api/v0/dag/import"));
    if (got.hash() == upload.cid.hash()) return {};
    return fail(Code::corrupt,
                name() + ": answered " + got.str() + " for " + upload.name + ", which is " + upload.cid.str());
  }

  Result<void> keep(const ipld::Cid&, const std::string&) override { return {}; }  // it keeps what it takes
  Result<void> finish(const ipld::Cid&) override { return {}; }

 private:
  peers::ServiceCall base(const std::string& what) const {
    peers::ServiceCall call;
    call.what = name() + ": " + what;
    call.secret = settings_.lighthouse_key;
    call.headers = {{"Authorization", "Bearer " + settings_.lighthouse_key}};
    return call;
  }

  Result<ipld::Cid> post(const Upload& upload, const std::string& path) const {
    const Multipart form = multipart_file(upload.name, upload.body);
    peers::ServiceCall call = base(upload.name);
    call.url = settings_.lighthouse_upload + path;
    call.headers.push_back(form.header);
    call.body = form.body.request();
    call.on_sent = upload.on_sent;
    EAI_TRY(const Bytes answer, peers::call_service(call, settings_.tries, settings_.stop));
    auto cid = cid_in_answer(answer);
    if (!cid) return Failure(std::move(cid).error().with(call.what));
    return cid;
  }

  // Numbers come as numbers or as text.
  static std::optional<double> number(const json::value& value, const char* key) {
    const json::value* found = value.is_object() ? value.as_object().if_contains(key) : nullptr;
    if (found == nullptr) return std::nullopt;
    if (found->is_number()) return found->to_number<double>();
    if (!found->is_string()) return std::nullopt;
    const auto whole = parse_u64(std::string_view(found->as_string().data(), found->as_string().size()));
    return whole ? std::optional(static_cast<double>(*whole)) : std::nullopt;
  }

  HomeSettings settings_;
};

}  // namespace

std::unique_ptr<Home> make_lighthouse(const HomeSettings& settings) { return std::make_unique<Lighthouse>(settings); }

}  // namespace eai::preserve
