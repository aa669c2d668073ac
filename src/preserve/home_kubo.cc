// Source: kubo's RPC (docs/formats.md, "Kubo"): POST only, lines of JSON.
#include <boost/json.hpp>

#include "preserve/home.h"
#include "preserve/multipart.h"
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

  Result<void> prepare(std::uint64_t, const std::vector<Home*>&) override {
    auto asked = ask("asking who it is", "id", k_mib);
    if (!asked && asked.error().code == Code::network) {
      asked.error().message += "; does `ipfs daemon` run there?";
      asked.error().hint = Hint::kubo_address;
    }
    EAI_TRY(const Bytes answer, std::move(asked));
    json::error_code error;
    const json::value value = json::parse(json::string_view(text_of(answer)), error);
    const json::object* object = error ? nullptr : value.if_object();
    const json::value* addresses = object == nullptr ? nullptr : object->if_contains("Addresses");
    if (addresses == nullptr) return fail(Code::network, name() + ": what answers there is not a kubo node");
    if (!addresses->is_array()) return {};
    for (const json::value& address : addresses->get_array()) {
      if (address.is_string()) origins_.emplace_back(address.get_string());
    }
    return {};
  }

  Result<ipld::Cid> put_file(const Upload& upload) override {
    const ipld::Profile& profile = upload.profile;
    std::string path = "add?pin=true&hash=sha2-256&quieter=true&cid-version=" + std::to_string(profile.cid_version);
    path += std::string("&raw-leaves=") + (profile.leaves == ipld::Leaves::raw ? "true" : "false");
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

  bool can_tell() const override { return true; }

  // A node may have millions of blocks: the list is read as it comes, a line at a time.
  Result<std::optional<Digests>> held(const std::vector<TreeBlocks>& trees) override {
    Digests wanted, out;
    for (const TreeBlocks& tree : trees) {
      for (const BlockSize& block : tree.blocks) wanted.insert(block.digest);
    }
    EAI_CHECK(listen(base("listing its blocks", "refs/local"), [&](const std::string& line) {
      if (const auto digest = digest_in(line); digest && wanted.contains(*digest)) out.insert(*digest);
    }));
    return std::optional(std::move(out));
  }

  void meet(const std::vector<std::string>& multiaddresses) override {
    for (const std::string& address : multiaddresses) {
      peers::Tries once = settings_.tries;
      once.max_retries = 0;
      (void)peers::call_service(
          base("connecting to " + printable(address), "swarm/connect?arg=" + url_escaped(address)), once,
          settings_.stop);
    }
  }

  Result<void> keep(const ipld::Cid& cid, const std::string& label) override {
    // With progress=true it says something all the time: looking through a large tree takes longer than any answer may.
    std::string last;
    const std::string path = "pin/add?recursive=true&progress=true&arg=" + cid.str() + "&name=" + url_escaped(label);
    EAI_CHECK(listen(base("pinning " + label, path), [&](const std::string& line) { last = line; }));
    if (last.find(cid.str()) != last.npos) return {};
    return fail(Code::network, name() + ": pinning " + label + ": " + printable(last, 200));
  }
  Result<void> finish(const ipld::Cid& hash) override { return keep(hash, "metadata"); }
  std::vector<std::string> origins() const override { return origins_; }

 private:
  static constexpr std::size_t k_line_limit = 4096;

  // The digest in {"Ref": "<CID>"}, if it is a SHA-256.
  static std::optional<ipld::Sha256> digest_in(const std::string& line) {
    json::error_code error;
    const json::value value = json::parse(line, error);
    const json::value* ref = error || !value.is_object() ? nullptr : value.get_object().if_contains("Ref");
    if (ref == nullptr || !ref->is_string()) return std::nullopt;
    const auto cid = ipld::Cid::parse(std::string_view(ref->get_string().data(), ref->get_string().size()));
    ipld::Sha256 digest{};
    if (!cid || cid->hash().digest.size() != digest.size()) return std::nullopt;
    std::copy(cid->hash().digest.begin(), cid->hash().digest.end(), digest.begin());
    return digest;
  }

  peers::ServiceCall base(const std::string& what, const std::string& path) const {
    peers::ServiceCall call;
    call.what = name() + ": " + what;
    call.url = api_ + path;
    return call;
  }

  // Hands on the answer's lines as they come. After a try that broke off they begin anew.
  Result<void> listen(peers::ServiceCall call, const std::function<void(const std::string&)>& on_line) const {
    std::string line;
    call.on_answer = [&](ByteView bytes) -> Result<void> {
      for (const std::uint8_t byte : bytes) {
        if (byte == '\n') {
          on_line(line);
          line.clear();
        } else if (line.size() < k_line_limit) {
          line += static_cast<char>(byte);
        } else {
          return fail(Code::network, call.what + ": what answers there is not a kubo node");
        }
      }
      return {};
    };
    call.on_again = [&] { line.clear(); };
    EAI_CHECK(peers::call_service(call, settings_.tries, settings_.stop));
    return {};
  }

  Result<Bytes> ask(const std::string& what, const std::string& path, std::uint64_t limit) const {
    peers::ServiceCall call = base(what, path);
    call.answer_limit = limit;
    return peers::call_service(call, settings_.tries, settings_.stop);
  }

  Result<Bytes> post(const Upload& upload, const std::string& path) const {
    const Multipart form = multipart_file(upload.name, upload.body);
    peers::ServiceCall call = base(upload.name, path);
    call.headers = {form.header};
    call.body = form.body.request();
    call.on_sent = upload.on_sent;
    return peers::call_service(call, settings_.tries, settings_.stop);
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
