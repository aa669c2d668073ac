// One gateway, asked for one thing at a time.
#include <algorithm>
#include <random>

#include "ipld/dag_pb.h"
#include "peers/block_source.h"
#include "peers/gateway_client.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::peers {
namespace {

using namespace std::chrono_literals;
using ipld::Cid;
using OnBytes = std::function<Result<void>(ByteView)>;

// Hands on what comes, and keeps how it ended.
class Listener final : public Asker {
 public:
  explicit Listener(const OnBytes& on_bytes) : on_bytes_(on_bytes) {}
  Result<void> on_good(const Judgement&) override { return {}; }
  Result<void> on_bytes(ByteView bytes) override {
    taken_ = on_bytes_(bytes);
    return taken_;
  }
  void on_end(const Question&, const Ending& ending) override { ending_ = ending; }

  const std::optional<Ending>& ending() const { return ending_; }
  const Result<void>& taken() const { return taken_; }

 private:
  const OnBytes& on_bytes_;
  Result<void> taken_;
  std::optional<Ending> ending_;
};

class GatewaySource final : public BlockSource {
 public:
  GatewaySource(std::string name, std::vector<Source> source, const Options& options, std::stop_token stop)
      : name_(std::move(name)),
        client_(std::move(source), options, std::random_device{}()),
        stop_(std::move(stop)),
        wake_(stop_, [this] { client_.wake(); }) {}
  const std::string& name() const override { return name_; }

  Result<Bytes> block(const Cid& cid) override {
    Bytes body;
    auto collect = [&](ByteView bytes) -> Result<void> {
      if (body.size() + bytes.size() > ipld::k_block_limit) {
        return fail(Code::network, "more than " + human_bytes(ipld::k_block_limit) + " instead of a block");
      }
      body.insert(body.end(), bytes.begin(), bytes.end());
      return {};
    };
    // A raw block is its own content, so the file will do as well.
    const bool raw = cid.codec() == ipld::Codec::raw;
    Question question{.piece = ++asked_, .cid = cid};
    question.or_as_file = raw ? Question::OrAsFile::yes : Question::OrAsFile::no;
    EAI_CHECK(ask(
        std::move(question), collect, [&] { body.clear(); }, Objections::may_pass));
    return body;
  }

  Result<void> whole(const Cid& cid, const OnBytes& bytes, const std::function<void()>& again) override {
    return ask({.piece = ++asked_, .cid = cid, .form = Form::file}, bytes, again, Objections::are_final);
  }

 private:
  enum class Objections { may_pass, are_final };  // of whoever takes the bytes

  Result<void> ask(Question question, const OnBytes& bytes, const std::function<void()>& again, Objections objections) {
    const bool any_form = question.form == Form::raw_block && question.or_as_file == Question::OrAsFile::yes;
    std::optional<Ending> last;
    for (int tries = 0;; ++tries) {
      EAI_CHECK(wait_for_turn(question.piece));
      const bool cut_off = last && client_.book().cut_off(question.piece, Clock::now());
      if (cut_off || client_.book().hopeless(question.piece)) return failed(question.cid, *last, tries);
      if (tries > 0) again();
      if (any_form) question.form = client_.book().form(question.source);
      Listener listener(bytes);
      const auto id = client_.ask(question, listener);
      while (!listener.ending()) {
        if (stop_.stop_requested()) {
          client_.cancel(id);
          return fail(Code::cancelled, "stopped");
        }
        client_.poll(1000ms);
      }
      if (objections == Objections::are_final) EAI_CHECK(listener.taken());
      last = listener.ending();
      if (last->good() && last->outcome) return {};
      client_.blame(question, *last);
    }
  }

  // Until the gateway may be asked again, or there is no use in it.
  Result<void> wait_for_turn(std::size_t piece) {
    while (!client_.book().hopeless(piece) && !client_.book().pick(piece, Clock::now())) {
      if (stop_.stop_requested()) break;
      const auto now = Clock::now();
      const auto ready = client_.book().next_ready(now).value_or(now);
      client_.poll(std::clamp(std::chrono::ceil<std::chrono::milliseconds>(ready - now), 1ms, 1000ms));
    }
    return stop_.stop_requested() ? Result<void>(fail(Code::cancelled, "stopped")) : Result<void>();
  }

  Failure failed(const Cid& cid, const Ending& last, int tries) {
    Error error{Code::network, "the body ended early"};
    if (!last.outcome) error = last.outcome.error();
    if (last.reach != Reach::there && client_.book().network().away()) {
      return Failure(no_network(error.message).with(name_ + ": " + cid.str()));
    }
    const bool lacks = last.judgement && last.judgement->meaning == Judgement::Meaning::lacks;
    if (lacks) error.code = Code::not_found;
    if (!lacks && tries > 1) error.message += ", after " + std::to_string(tries) + " tries";
    return Failure(std::move(error).with(name_ + ": " + cid.str()));
  }

  std::string name_;
  GatewayClient client_;
  std::stop_token stop_;
  std::size_t asked_ = 0;
  std::stop_callback<std::function<void()>> wake_;
};

}  // namespace

Result<std::unique_ptr<BlockSource>> make_gateway_source(std::string name, const std::string& url,
                                                         const Options& options, std::stop_token stop) {
  EAI_TRY(std::vector<Source> source, make_sources({{}, {url}}, options));
  if (source.empty() || source.front().kind != Source::Kind::gateway) {
    return fail(Code::invalid,
                "\"" + printable(without_secrets(url), 100) + "\" is not the URL of a gateway that may be asked");
  }
  return std::unique_ptr<BlockSource>(
      std::make_unique<GatewaySource>(std::move(name), std::move(source), options, std::move(stop)));
}

}  // namespace eai::peers
