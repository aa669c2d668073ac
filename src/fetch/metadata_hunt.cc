#include "fetch/metadata_hunt.h"

#include <map>
#include <memory>

#include "fetch/answer.h"
#include "ipld/unixfs.h"
#include "model/metadata.h"
#include "util/file.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;

constexpr auto k_patience = 1500ms;  // after which the next source is asked as well
constexpr auto k_deadline = 60s;
constexpr std::uint64_t k_body_limit = 2 * k_mib;  // the largest block that peers exchange

// The document in a body that one of the forms brought.
Result<Bytes> prove(const ipld::Cid& id, Form form, ByteView body) {
  if (id.codec() == ipld::Codec::dag_pb && form == Form::raw_block) {
    EAI_CHECK(ipld::verify(id.hash(), body));
    EAI_TRY(ipld::FileNode node, ipld::decode_file_node(id, body));
    if (!node.links.empty()) return fail(Code::unsupported, "metadata of several blocks is not supported");
    return std::move(node.inline_data);
  }
  EAI_CHECK(ipld::verify_content(id, body));
  return Bytes(body.begin(), body.end());
}

class Hunt;

// One request to one source.
class Question final : public http::Receiver {
 public:
  Question(Hunt& hunt, int source, Form form) : hunt_(hunt), source_(source), form_(form) {}
  http::Transfers::Id id = 0;
  int source() const { return source_; }
  Form form() const { return form_; }
  const Bytes& body() const { return body_; }
  const Answer& answer() const { return answer_; }

  Result<void> on_head(const http::ResponseHead& head) override {
    answer_ = judge(head, std::nullopt, std::nullopt);
    if (answer_.meaning == Answer::Meaning::good) return {};
    return fail(Code::network, answer_.why);
  }
  Result<void> on_body(ByteView bytes) override {
    body_.insert(body_.end(), bytes.begin(), bytes.end());
    if (body_.size() <= k_body_limit) return {};
    return fail(Code::network, "more than 2 MiB instead of the metadata");
  }
  void on_done(Result<void> outcome) override;

 private:
  Hunt& hunt_;
  int source_;
  Form form_;
  Answer answer_;
  Bytes body_;
};

class Hunt {
 public:
  Hunt(const ipld::Cid& id, SourceBook& book, const Options& options)
      : id_(id), book_(book), options_(options), gateways_(book.alive()) {}

  Result<FoundMetadata> run(const std::function<void()>& on_tick, const std::stop_token& stop) {
    std::stop_callback wake(stop, [this] { transfers_.wake(); });
    while (true) {
      if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
      if (found_) return std::move(*found_);
      if (unsupported_) return Failure(std::move(*unsupported_));
      ask();
      if (questions_.empty() && book_.hopeless(k_metadata_piece)) {
        Code code = liars_ == gateways_ ? Code::corrupt : Code::network;
        return fail(code, "no source delivers the metadata of " + id_.str() + ": " + book_.report());
      }
      transfers_.poll(100ms);
      on_tick();
    }
  }

  void ended(Question& question, Result<void> outcome) {
    auto own = questions_.extract(question.source());
    book_.ended(question.source());
    next_question_ = Clock::now();
    if (!outcome) return failed(question, outcome.error());
    auto proven = prove(id_, question.form(), question.body());
    if (proven) {
      found_ = FoundMetadata{*std::move(proven), book_.source(question.source()).name};
    } else if (proven.error().code == Code::unsupported) {
      unsupported_ = std::move(proven).error();
    } else if (!try_as_file(question.source())) {
      book_.ban(question.source(), "sent wrong bytes for the metadata");
      ++liars_;
    }
  }

 private:
  bool try_as_file(int source) { return book_.fall_back_to_files(source); }

  void failed(Question& question, const Error& error) {
    const std::string& why = error.message;
    if (error.code == Code::invalid) return book_.ban(question.source(), why);  // we refuse to ask it, now and later
    bool refused = question.answer().meaning == Answer::Meaning::lacks ||
                   (question.answer().meaning == Answer::Meaning::wrong && !question.answer().why.empty());
    if (refused && try_as_file(question.source())) return;
    if (question.answer().meaning == Answer::Meaning::lacks) {
      book_.lacks(question.source(), k_metadata_piece, why);
    } else {
      book_.trouble(question.source(), k_metadata_piece, why, question.answer().retry_after, Clock::now());
    }
  }

  void ask() {
    Clock::time_point now = Clock::now();
    if (now < next_question_) return;
    for (int source = 0; source < static_cast<int>(book_.size()); ++source) {
      if (questions_.contains(source) || !book_.pick(k_metadata_piece, now, source)) continue;
      Form form = book_.form(source);
      auto question = std::make_unique<Question>(*this, source, form);
      http::Request request = request_for(book_.source(source), id_, form, options_);
      request.deadline = k_deadline;
      question->id = transfers_.start(request, *question);
      questions_.emplace(source, std::move(question));
      book_.started(source);
      next_question_ = now + k_patience;
      return;
    }
  }

  const ipld::Cid& id_;
  SourceBook& book_;
  const Options& options_;
  int gateways_;
  int liars_ = 0;
  http::Transfers transfers_;
  std::map<int, std::unique_ptr<Question>> questions_;
  Clock::time_point next_question_{};
  std::optional<FoundMetadata> found_;
  std::optional<Error> unsupported_;
};

void Question::on_done(Result<void> outcome) { hunt_.ended(*this, std::move(outcome)); }

std::optional<FoundMetadata> find_in_folders(const ipld::Cid& id, SourceBook& book) {
  for (int i = 0; i < static_cast<int>(book.size()); ++i) {
    if (book.source(i).kind != Source::Kind::folder) continue;
    auto bytes = read_file(book.source(i).folder / id.str(), k_body_limit);
    if (!bytes) {
      book.note(i, bytes.error().code == Code::not_found ? "does not have it" : bytes.error().message);
      continue;
    }
    for (Form form : {Form::raw_block, Form::file}) {
      if (auto proven = prove(id, form, *bytes)) return FoundMetadata{*std::move(proven), book.source(i).name};
    }
    book.note(i, "has wrong bytes for the metadata");
  }
  return std::nullopt;
}

}  // namespace

Result<FoundMetadata> find_metadata(const ipld::Cid& id, SourceBook& book, const Options& options,
                                    const std::function<void()>& on_tick, const std::stop_token& stop) {
  if (id.hash().code == ipld::HashCode::identity) {
    EAI_TRY(Bytes bytes, prove(id, Form::raw_block, id.hash().digest));
    return FoundMetadata{std::move(bytes), "the hash itself"};
  }
  if (auto found = find_in_folders(id, book)) return std::move(*found);
  if (book.alive() == 0) {
    return fail(Code::network, "no source has the metadata of " + id.str() + ": " + book.report());
  }
  Hunt hunt(id, book, options);
  auto found = hunt.run(on_tick, stop);
  return found;
}

}  // namespace eai::fetch
