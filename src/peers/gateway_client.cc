#include "peers/gateway_client.h"

namespace eai::peers {

class GatewayClient::Transfer final : public http::Receiver {
 public:
  Transfer(GatewayClient& client, Question question, Asker& asker)
      : client_(client), question_(std::move(question)), asker_(asker) {}
  Id id = 0;
  const Question& question() const { return question_; }

  Result<void> on_head(const http::ResponseHead& head) override {
    judgement_ = judge(head, question_.range, question_.size);
    if (!judgement_->good()) return fail(Code::network, judgement_->why);
    return asker_.on_good(*judgement_);
  }
  Result<void> on_body(ByteView bytes) override { return asker_.on_bytes(bytes); }
  void on_done(Result<void> outcome) override {
    auto own = client_.running_.extract(id);  // this object lives until the end of this call
    client_.book_.ended(question_.source);
    asker_.on_end(question_, {std::move(judgement_), std::move(outcome)});
  }

 private:
  GatewayClient& client_;
  Question question_;
  Asker& asker_;
  std::optional<Judgement> judgement_;
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
  book_.trouble(question.source, question.piece, why, retry_after, Clock::now());
}

}  // namespace eai::peers
