#include "peers/gateway_client.h"

namespace eai::peers {
namespace {

using namespace std::chrono_literals;

constexpr auto k_quiet = 2s;  // this long without a byte, and it is looked whether this machine has a connection

}  // namespace

class GatewayClient::Transfer final : public http::Receiver {
 public:
  Transfer(GatewayClient& client, Question question, Asker& asker)
      : client_(client), question_(std::move(question)), asker_(asker) {}
  Id id = 0;
  const Question& question() const { return question_; }
  // Without a connection of this machine, nothing more can come.
  bool goes_far() const { return !stays_here_; }

  void on_connected(const http::Connected& connected) override {
    ++requests_;
    stays_here_ = stays_here(connected);
    if (!connected.fresh) return;
    sign_of_life();
    watch().reached(host());
  }
  void on_unreached(const http::Unreached& unreached) override { reach_ = watch().reach(unreached); }
  Result<void> on_head(const http::ResponseHead& head) override {
    sign_of_life();
    watch().reached(host());
    judgement_ = judge(head, question_.range, question_.size);
    const bool of_url = client_.book_.source(question_.source).kind == Source::Kind::url;
    if (of_url && requests_ > 1) judgement_ = judge_redirected(*std::move(judgement_));
    if (!judgement_->good()) return fail(Code::network, judgement_->why);
    return asker_.on_good(*judgement_);
  }
  Result<void> on_body(ByteView bytes) override {
    sign_of_life();
    return asker_.on_bytes(bytes);
  }
  void on_done(Result<void> outcome) override {
    auto own = client_.running_.extract(id);  // this object lives until the end of this call
    if (reach_ != Reach::there) watch().failed(host(), reach_, asked_, Clock::now());
    const bool refused = reach_ == Reach::there && !outcome && outcome.error().code == Code::network;
    if (refused) watch().reached(host());  // the connection, or TLS: somebody is there
    client_.book_.ended(question_.source);
    asker_.on_end(question_, {std::move(judgement_), std::move(outcome), reach_});
  }
  // This machine has no connection any more.
  void cut(Clock::time_point since) {
    asked_ = std::max(asked_, since);
    reach_ = Reach::cut;
    client_.transfers_.cancel(id);
    on_done(fail(Code::network, "this machine lost its connection"));
  }

 private:
  const std::string& host() const { return client_.book_.host(question_.source); }
  NetworkWatch& watch() const { return client_.book_.network(); }
  void sign_of_life() {
    if (goes_far()) client_.last_sign_ = Clock::now();
  }

  GatewayClient& client_;
  Question question_;
  Asker& asker_;
  std::optional<Judgement> judgement_;
  Reach reach_ = Reach::there;
  bool stays_here_ = is_this_machine(host());
  Clock::time_point asked_ = Clock::now();
  int requests_ = 0;  // more than one: it was redirected
};

GatewayClient::GatewayClient(std::vector<Source> sources, const Options& options, std::uint64_t seed)
    : book_(std::move(sources), options, seed), options_(options) {}

GatewayClient::~GatewayClient() = default;

GatewayClient::Id GatewayClient::ask(Question question, Asker& asker) {
  http::Request request = request_for(book_.source(question.source), question.cid, question.form, options_);
  request.range = question.range;
  request.deadline = question.deadline;
  book_.started(question.source);
  auto transfer = std::make_unique<Transfer>(*this, std::move(question), asker);
  const Id id = transfers_.start(request, *transfer);
  transfer->id = id;
  running_.emplace(id, std::move(transfer));
  return id;
}

void GatewayClient::cancel(Id id) {
  auto found = running_.extract(id);
  if (found.empty()) return;
  transfers_.cancel(id);
  book_.ended(found.mapped()->question().source);
}

void GatewayClient::poll(std::chrono::milliseconds wait) {
  transfers_.poll(wait);
  const auto now = Clock::now();
  if (now < next_look_) return;
  next_look_ = now + 500ms;
  if (now - last_sign_ >= k_quiet) end_what_is_cut(now);
}

void GatewayClient::end_what_is_cut(Clock::time_point now) {
  std::vector<Id> far;
  for (const auto& [id, transfer] : running_) {
    if (transfer->goes_far()) far.push_back(id);
  }
  if (far.empty()) {
    last_sign_ = now;  // nobody is waited for
    return;
  }
  if (book_.network().has_link()) return;
  const auto since = last_sign_;
  for (const Id id : far) {
    const auto found = running_.find(id);
    if (found != running_.end()) found->second->cut(since);
  }
}

void GatewayClient::blame(const Question& question, const Ending& ending) {
  const std::string why = ending.outcome ? "the body ended early" : ending.outcome.error().message;
  if (!ending.outcome && ending.outcome.error().code == Code::invalid) {
    return book_.ban(question.source, why, ending.outcome.error().hint);  // we refuse to ask it, now and later
  }
  const bool refused = ending.judgement && ending.judgement->refused();
  if (refused && question.form == Form::raw_block && question.or_as_file == Question::OrAsFile::yes) {
    return book_.fall_back_to_files(question.source);
  }
  if (refused && ending.judgement->meaning == Judgement::Meaning::lacks) {
    return book_.lacks(question.source, question.piece, why);
  }
  const auto retry_after = ending.judgement ? ending.judgement->retry_after : std::nullopt;
  book_.trouble(question.source, question.piece, why, retry_after, Clock::now(), ending.reach);
}

}  // namespace eai::peers
