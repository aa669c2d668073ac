// Source: kubo's RPC (docs/formats.md, "Kubo").
#include "ipld/dag_pb.h"
#include "peers/block_source.h"

namespace eai::peers {
namespace {

using ipld::Cid;

class KuboSource final : public BlockSource {
 public:
  KuboSource(std::string name, std::string url, Tries tries, std::stop_token stop)
      : name_(std::move(name)), url_(std::move(url)), tries_(std::move(tries)), stop_(std::move(stop)) {
    while (url_.ends_with('/')) url_.pop_back();
  }
  const std::string& name() const override { return name_; }

  Result<Bytes> block(const Cid& cid) override {
    ServiceCall call = call_for(cid, "block/get");
    call.answer_limit = ipld::k_block_limit;
    return call_service(call, tries_, stop_);
  }

  Result<void> whole(const Cid& cid, const std::function<Result<void>(ByteView)>& bytes,
                     const std::function<void()>& again) override {
    ServiceCall call = call_for(cid, "cat");
    call.on_answer = bytes;
    call.on_again = again;
    EAI_CHECK(call_service(call, tries_, stop_));
    return {};
  }

 private:
  ServiceCall call_for(const Cid& cid, const std::string& command) const {
    ServiceCall call;
    call.what = name_ + ": " + cid.str();
    call.url = url_ + "/api/v0/" + command + "?offline=true&arg=" + cid.str();
    return call;
  }

  std::string name_, url_;
  Tries tries_;
  std::stop_token stop_;
};

}  // namespace

std::unique_ptr<BlockSource> make_kubo_source(std::string name, std::string url, Tries tries, std::stop_token stop) {
  return std::make_unique<KuboSource>(std::move(name), std::move(url), std::move(tries), std::move(stop));
}

}  // namespace eai::peers
