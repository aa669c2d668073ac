#include "fetch/metadata_hunt.h"

#include <algorithm>
#include <map>
#include <memory>

#include "ipld/unixfs.h"
#include "model/metadata.h"
#include "peers/block_folder.h"
#include "util/file.h"

namespace eai::fetch {
namespace {

using namespace std::chrono_literals;
using peers::Clock;
using peers::Form;

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

int gateways_in(const peers::SourceBook& book) {
  int count = 0;
  for (int i = 0; i < static_cast<int>(book.size()); ++i)
    count += book.source(i).kind == peers::Source::Kind::gateway && !book.banned(i) ? 1 : 0;
  return count;
}

class Hunt;

// One question to one source.
class Inquiry final : public peers::Asker {
 public:
  explicit Inquiry(Hunt& hunt) : hunt_(hunt) {}
  const Bytes& body() const { return body_; }

  Result<void> on_good(const peers::Judgement&) override { return {}; }
  Result<void> on_bytes(ByteView bytes) override {
    body_.insert(body_.end(), bytes.begin(), bytes.end());
    if (body_.size() <= k_body_limit) return {};
    return fail(Code::network, "more than 2 MiB instead of the metadata");
  }
  void on_end(const peers::Question& question, const peers::Ending& ending) override;

 private:
  Hunt& hunt_;
  Bytes body_;
};

class Hunt {
 public:
  Hunt(const ipld::Cid& id, peers::GatewayClient& client)
      : id_(id), client_(client), book_(client.book()), gateways_(gateways_in(book_)) {}
  ~Hunt() {
    for (const auto& [source, running] : running_) client_.cancel(running.id);
  }

  Result<FoundMetadata> run(const std::function<void()>& on_tick, const std::stop_token& stop) {
    std::stop_callback wake(stop, [this] { client_.wake(); });
    while (true) {
      if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
      if (found_) return std::move(*found_);
      if (unsupported_) return Failure(std::move(*unsupported_));
      ask();
      if (running_.empty() && book_.hopeless(k_metadata_piece)) {
        Error error = book_.failure("the metadata of " + id_.str());
        if (liars_ == gateways_) error.code = Code::corrupt;
        return Failure(std::move(error));
      }
      if (book_.cut_off(k_metadata_piece, Clock::now()) && !asks_nearby()) {
        return Failure(book_.failure("the metadata of " + id_.str()));
      }
      client_.poll(100ms);
      on_tick();
    }
  }

  void ended(const Inquiry& inquiry, const peers::Question& question, const peers::Ending& ending) {
    auto own = running_.extract(question.source);  // it lives until the end of this call
    next_question_ = Clock::now();
    if (!ending.outcome) return client_.blame(question, ending);
    auto proven = prove(id_, question.form, inquiry.body());
    if (proven) {
      found_ = FoundMetadata{*std::move(proven), book_.source(question.source).name};
    } else if (proven.error().code == Code::unsupported) {
      unsupported_ = std::move(proven).error();
    } else if (question.form == Form::raw_block) {
      book_.fall_back_to_files(question.source);
    } else {
      const std::string why = "sent wrong bytes for the metadata";
      if (id_.codec() == ipld::Codec::dag_pb)
        book_.ban(question.source, why);  // how the file was wrapped is a guess
      else
        book_.lied(question.source, why);
      ++liars_;
    }
  }

 private:
  struct Running {
    peers::GatewayClient::Id id = 0;
    std::unique_ptr<Inquiry> inquiry;
  };

  bool asks_nearby() const {
    return std::any_of(running_.begin(), running_.end(),
                       [&](const auto& one) { return peers::is_nearby(book_.host(one.first)); });
  }

  void ask() {
    Clock::time_point now = Clock::now();
    if (now < next_question_) return;
    for (int source = 0; source < static_cast<int>(book_.size()); ++source) {
      if (running_.contains(source) || !book_.pick(k_metadata_piece, now, source)) continue;
      peers::Question question{.source = source, .piece = k_metadata_piece, .cid = id_, .form = book_.form(source)};
      question.deadline = k_deadline;
      auto inquiry = std::make_unique<Inquiry>(*this);
      const auto id = client_.ask(std::move(question), *inquiry);
      running_.emplace(source, Running{id, std::move(inquiry)});
      next_question_ = now + k_patience;
      return;
    }
  }

  const ipld::Cid& id_;
  peers::GatewayClient& client_;
  peers::SourceBook& book_;
  int gateways_;
  int liars_ = 0;
  std::map<int, Running> running_;  // by source
  Clock::time_point next_question_{};
  std::optional<FoundMetadata> found_;
  std::optional<Error> unsupported_;
};

void Inquiry::on_end(const peers::Question& question, const peers::Ending& ending) {
  hunt_.ended(*this, question, ending);
}

std::optional<FoundMetadata> find_in_folders(const ipld::Cid& id, peers::SourceBook& book) {
  for (int i = 0; i < static_cast<int>(book.size()); ++i) {
    if (book.source(i).kind != peers::Source::Kind::folder) continue;
    const auto block = peers::FolderBlock::open(book.source(i), id);
    if (!block) {
      book.note(i, "does not have it");
      continue;
    }
    const auto bytes = block->read(k_body_limit);
    if (!bytes) {
      book.note(i, bytes.error().message);
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

Result<FoundMetadata> find_metadata(const ipld::Cid& id, peers::GatewayClient& client,
                                    const std::function<void()>& on_tick, const std::stop_token& stop) {
  if (id.hash().code == ipld::HashCode::identity) {
    EAI_TRY(Bytes bytes, prove(id, Form::raw_block, id.hash().digest));
    return FoundMetadata{std::move(bytes), "the hash itself"};
  }
  if (auto found = find_in_folders(id, client.book())) return std::move(*found);
  if (gateways_in(client.book()) == 0) {
    return fail(Code::network, "no source has the metadata of " + id.str() + ": " + client.book().report());
  }
  Hunt hunt(id, client);
  auto found = hunt.run(on_tick, stop);
  return found;
}

}  // namespace eai::fetch
