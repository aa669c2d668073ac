#include "share/share.h"

#include "http/address.h"
#include "share/answer.h"
#include "share/answer_head.h"
#include "util/text.h"

namespace eai::share {

using boost::asio::awaitable;

namespace {

// A name that nobody should ask by, a page of another site, a method that gives nothing.
std::optional<Refusal> refusal_of(const ShareOptions& options, const http::Incoming& request) {
  if (request.method != "GET" && request.method != "HEAD")
    return Refusal{405, "this only hands out blocks: use GET or HEAD"};
  if (http::count_header(request.headers, "host") != 1) return Refusal{400, "a request needs exactly one Host header"};
  if (!options.hosts.know(request.header("host"))) {
    return Refusal{403, "nothing is shared here under the name \"" + printable(request.header("host"), 100) +
                            "\"; whoever runs this share can allow it"};
  }
  const std::string_view site = request.header("sec-fetch-site");
  if (!request.header("origin").empty() || (!site.empty() && site != "none" && site != "same-origin"))
    return Refusal{403, "web pages of other sites get nothing here"};
  if (options.clients == Clients::near && !request.peer.empty() && !http::is_private_address(request.peer))
    return Refusal{403, "only machines in private networks get something here"};
  return std::nullopt;
}

bool is_near(const std::string& peer) { return peer.empty() || http::is_private_address(peer); }

awaitable<void> refuse(Share::Core& core, http::Outgoing& out, const Refusal& refusal) {
  core.ledger.note_refusal(refusal.status);
  const http::Reply reply = refusal_reply(refusal);
  co_await out.send(reply);
}

awaitable<void> handle(Share::Core& core, const http::Incoming& in, http::Outgoing& out) {
  const std::string_view path = in.path();
  if (!path.starts_with("/ipfs/") && !path.starts_with("/ipns/")) {
    const Refusal unknown{404, "this is a Trustless Gateway: ask for /ipfs/<cid>?format=raw"};
    co_return co_await refuse(core, out, unknown);
  }
  auto ask = read_ask(in);
  if (!ask) co_return co_await refuse(core, out, ask.error());
  const auto kind = ask->form == Form::car ? Ration::Kind::walk : Ration::Kind::block;
  const auto distance = is_near(in.peer) ? Distance::near : Distance::far;
  auto ticket = core.ration.begin(key_of(in.peer), distance, kind, Ration::Clock::now());
  if (!ticket) {
    const Refusal later{429, "too many clients are being served at this moment; ask again"};
    co_return co_await refuse(core, out, later);
  }
  Answer answer(core, in, out, *std::move(ask), *std::move(ticket));
  co_await answer.give();
}

}  // namespace

http::Limits listener_limits() {
  http::Limits out;
  out.header = 16 * k_kib;
  out.body = 0;
  out.bodies = 0;
  out.connections = 768;
  out.write_rate = 4 * k_kib;
  return out;
}

Share::Core::Core(boost::asio::io_context& with, BlockSource& from, ShareOptions as)
    : context(with), source(from), options(std::move(as)), ration(options.limits) {}

Share::Share(boost::asio::io_context& context, BlockSource& source, ShareOptions options)
    : core_(std::make_shared<Core>(context, source, std::move(options))) {}

Share::~Share() = default;

Given Share::given() const { return core_->ledger.copy(); }
std::size_t Share::running() const { return core_->ration.answers(); }

http::Handlers Share::handlers() {
  http::Handlers out;
  out.admit = [core = core_](const http::Incoming& head) {
    http::Admission admission;
    admission.body_limit = 0;
    if (const auto refusal = refusal_of(core->options, head)) {
      core->ledger.note_refusal(refusal->status);
      admission.refusal = refusal_reply(*refusal);
    }
    return admission;
  };
  out.handle = [core = core_](http::Incoming& in, http::Outgoing& to) { return handle(*core, in, to); };
  out.refuse = [core = core_](const http::Incoming&, int status, std::string_view why) {
    core->ledger.note_refusal(status);
    return refusal_reply({status, std::string(why)});
  };
  return out;
}

}  // namespace eai::share
