#include "peers/gateway_probe.h"

#include <algorithm>

#include "peers/judgement.h"
#include "peers/patience.h"
#include "util/text.h"

namespace eai::peers {
namespace {

using Clock = std::chrono::steady_clock;

// The CID of no bytes, which holds its content (none) in itself.
constexpr std::string_view k_empty_block = "/ipfs/bafkqaaa?format=raw";
constexpr std::size_t k_body_limit = 4 * k_kib;

class Probe final : public http::Receiver {
 public:
  explicit Probe(GatewayProbe& into) : into_(into) {}
  bool done() const { return done_; }

  Result<void> on_head(const http::ResponseHead& head) override {
    into_.took = since_begin();
    into_.status = head.status;
    if (const auto date = parse_http_date(head.header("date"))) {
      const auto now = std::chrono::system_clock::to_time_t(std::chrono::system_clock::now());
      into_.ahead = std::chrono::seconds(*date - now);
    }
    judgement_ = judge(head, std::nullopt, std::nullopt);
    return {};
  }
  Result<void> on_body(ByteView bytes) override {
    received_ += bytes.size();
    if (received_ > k_body_limit) return fail(Code::network, "more than was asked for");
    return {};
  }
  void on_done(Result<void> outcome) override {
    done_ = true;
    if (into_.status == 0) {
      into_.took = since_begin();
      into_.why = outcome ? "it sent nothing" : printable(outcome.error().message, 300);
      return;
    }
    into_.meaning = GatewayProbe::Meaning::other;
    if (!judgement_->good()) {
      into_.why = judgement_->why;
    } else if (!outcome || received_ > 0) {
      into_.why = "it sent something else than the empty block";
    } else {
      into_.meaning = GatewayProbe::Meaning::answers;
    }
  }

 private:
  std::chrono::milliseconds since_begin() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - begin_);
  }
  GatewayProbe& into_;
  Clock::time_point begin_ = Clock::now();
  std::optional<Judgement> judgement_;
  std::size_t received_ = 0;
  bool done_ = false;
};

}  // namespace

std::vector<GatewayProbe> probe_gateways(const std::vector<Source>& sources, const Options& options,
                                         std::chrono::milliseconds limit, const std::stop_token& stop) {
  std::vector<GatewayProbe> out;
  for (const Source& source : sources)
    if (source.kind == Source::Kind::gateway) out.push_back({.name = source.name, .base = source.base});
  http::Transfers transfers;
  std::vector<std::unique_ptr<Probe>> probes;
  for (GatewayProbe& one : out) {
    http::Request request;
    request.url = one.base + std::string(k_empty_block);
    request.headers.emplace_back("Accept", "application/vnd.ipld.raw");
    request.connect_timeout = request.stall_timeout = limit;
    request.deadline = limit;
    if (options.plain_http_anywhere) request.plain_http = http::PlainHttp::anywhere;
    probes.push_back(std::make_unique<Probe>(one));
    transfers.start(request, *probes.back());
  }
  const auto all_done = [&] { return std::ranges::all_of(probes, &Probe::done); };
  while (!all_done() && !stop.stop_requested()) transfers.poll(std::chrono::milliseconds(100));
  return out;
}

}  // namespace eai::peers
