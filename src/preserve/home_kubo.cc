// Source: kubo's RPC (docs/formats.md, "Kubo"): POST only, lines of JSON.
#include <boost/json.hpp>

#include "preserve/home.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

namespace json = boost::json;

class Kubo final : public Home {
 public:
  Kubo(std::string name, std::string url, const HomeSettings& settings)
      : Home(std::move(name)), api_(std::move(url)), settings_(settings) {
    while (api_.ends_with('/')) api_.pop_back();
    api_ += "/api/v0/";
  }

  Result<void> prepare(std::uint64_t, const std::vector<std::string>&) override {
    EAI_TRY(const Bytes answer, ask("is it there", "id", k_mib));
    json::error_code error;
    const json::value value = json::parse(json::string_view(text_of(answer)), error);
    const json::object* object = error ? nullptr : value.if_object();
    const json::value* addresses = object == nullptr ? nullptr : object->if_contains("Addresses");
    if (addresses == nullptr) return fail(Code::network, name() + ": what answers there is no kubo");
    if (!addresses->is_array()) return {};
    for (const json::value& address : addresses->get_array()) {
      if (address.is_string()) origins_.emplace_back(address.get_string());
    }
    return {};
  }

  Result<content::Cid> put_file(const Upload& upload) override {
    const content::Profile& profile = upload.profile;
    std::string path = "add?pin=true&hash=sha2-256&quieter=true&cid-version=" + std::to_string(profile.cid_version);
    path += std::string("&raw-leaves=") + (profile.leaves == content::Leaves::raw ? "true" : "false");
    path += "&chunker=size-" + std::to_string(profile.chunk) + "&max-file-links=" + std::to_string(profile.width);
    EAI_TRY(const Bytes answer, post(upload, path));
    auto cid = cid_in_answer(answer);
    if (!cid) return Failure(std::move(cid).error().with(name() + ": " + upload.name));
    return cid;
  }

  Result<void> put_car(const Upload& upload) override {
    // A part of a tree: pinned only when the whole is there.
    EAI_TRY(const Bytes answer, post(upload, "dag/import?pin-roots=false&stats=true"));
    if (text_of(answer).find("\"Stats\"") != std::string_view::npos) return {};
    return fail(Code::network,
                name() + ": " + upload.name + ": the import did not end: " + printable(text_of(answer), 200));
  }

  Result<std::optional<std::set<Bytes>>> blocks() override {
    EAI_TRY(const Bytes answer, ask("listing its blocks", "refs/local", 4 * k_gib));
    std::set<Bytes> out;
    json::error_code error;
    std::string_view text = text_of(answer);
    while (!text.empty()) {
      const std::size_t end = std::min(text.find('\n'), text.size());
      const json::value line = json::parse(json::string_view(text.data(), end), error);
      text.remove_prefix(std::min(end + 1, text.size()));
      const json::value* ref = error || !line.is_object() ? nullptr : line.get_object().if_contains("Ref");
      if (ref == nullptr || !ref->is_string()) continue;
      const auto cid = content::Cid::parse(std::string_view(ref->get_string().data(), ref->get_string().size()));
      if (cid) out.insert(cid->hash().bytes());
    }
    return std::optional(std::move(out));
  }

  Result<void> keep(const content::Cid& cid, const std::string& label) override {
    EAI_TRY(const Bytes answer,
            ask("pinning " + label, "pin/add?recursive=true&arg=" + cid.str() + "&name=" + url_escaped(label), k_mib));
    if (text_of(answer).find(cid.str()) != std::string_view::npos) return {};
    return fail(Code::network, name() + ": pinning " + label + ": " + printable(text_of(answer), 200));
  }
  Result<void> finish(const content::Cid& hash) override { return keep(hash, "metadata"); }
  std::vector<std::string> origins() const override { return origins_; }

 private:
  Result<Bytes> ask(const std::string& what, const std::string& path, std::uint64_t limit) const {
    Call call;
    call.what = name() + ": " + what;
    call.url = api_ + path;
    call.answer_limit = limit;
    return exchange(call, settings_.tries, settings_.stop);
  }

  Result<Bytes> post(const Upload& upload, const std::string& path) const {
    const Multipart form = multipart_file(upload.name, upload.body);
    Call call;
    call.what = name() + ": " + upload.name;
    call.url = api_ + path;
    call.headers = {form.header};
    call.body = &form.body;
    call.on_sent = upload.on_sent;
    return exchange(call, settings_.tries, settings_.stop);
  }

  std::string api_;
  HomeSettings settings_;
  std::vector<std::string> origins_;
};

}  // namespace

std::unique_ptr<Home> make_kubo(std::string name, std::string url, const HomeSettings& settings) {
  return std::make_unique<Kubo>(std::move(name), std::move(url), settings);
}

}  // namespace eai::preserve
