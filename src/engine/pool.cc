#include "engine/pool.h"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include "engine/pool_loop.h"
#include "util/text.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

constexpr auto k_as_tuple = asio::as_tuple(asio::deferred);

Time now() { return std::chrono::steady_clock::now(); }

bool grants(const Effects& effects, Ticket ticket) {
  return std::ranges::any_of(effects, [&](const Effect& effect) {
    const auto* grant = std::get_if<Grant>(&effect);
    return grant != nullptr && grant->ticket == ticket;
  });
}

std::string without_log(std::string words) {
  words.erase(std::min(words.find(k_last_words), words.size()));
  return words;
}

}  // namespace

struct Lease::Hold {
  Hold(PoolLoop& from, Ticket number, ModelIndex of, Suspect suspect, bool shows_log)
      : loop(from.weak_from_this()), ticket(number), index(of), member(from.member(of)), sees_log(shows_log) {
    from.hold(ticket, index, suspect, ended);
  }
  Hold(const Hold&) = delete;
  ~Hold() {
    if (const auto from = loop.lock()) from->give_back(ticket, index, answered);
  }
  std::weak_ptr<PoolLoop> loop;
  Ticket ticket;
  ModelIndex index;
  std::shared_ptr<const PoolLoop::Member> member;
  LeaseEnd ended;
  bool sees_log;
  bool answered = false;
};

Lease::Lease(std::unique_ptr<Hold> hold) : hold_(std::move(hold)) {}
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;
Lease::~Lease() = default;
const std::string& Lease::model_id() const { return hold_->member->id; }
const std::string& Lease::socket() const { return hold_->member->life->socket(); }
std::string Lease::ended() const { return hold_->sees_log ? hold_->ended.words : without_log(hold_->ended.words); }
bool Lease::blamed() const { return hold_->ended.blamed; }
void Lease::note_answered() { hold_->answered = true; }

// Takes a request back when its coroutine ends before an outcome, however that comes about.
struct PoolLoop::Withdrawal {
  std::weak_ptr<PoolLoop> from;
  Ticket ticket;
  bool armed = true;
  ~Withdrawal() {
    const auto loop = from.lock();
    if (!armed || !loop || loop->closed_) return;
    loop->requests_.withdraw(ticket);
    loop->apply(loop->scheduler_.leave(now(), ticket));
  }
};

asio::awaitable<Result<Lease>> PoolLoop::lease(LeaseRequest request) {
  const auto self = shared_from_this();
  const auto found = by_id_.find(request.model_id);
  if (found == by_id_.end()) co_return fail(Code::not_found, "no model " + printable(request.model_id) + " is served");
  const ModelIndex index = found->second;
  const auto member = members_[index];
  const EngineKind& kind = kind_of(member->plan.spec().task);
  if (program_of(kind, options_.programs).empty())
    co_return fail(Code::unsupported,
                   std::string(kind.program) + ", which runs " + member->plan.spec().folder_name + ", was not found");
  if (!member->plan.known()) {
    // The first request may come before the files were looked at; a look that failed is tried again.
    if (member->plan.failure() != nullptr) look_at(index, member->plan.spec());
    auto known = co_await member->plan.wait_until_known(request.deadline);
    if (!known) co_return Failure(std::move(known).error());
  }
  if (closed_) co_return fail(Code::busy, "the server is stopping");
  const Suspect suspect{request.sender, index, request.shape};
  if (const auto left = suspects_.refuses(now(), suspect)) {
    co_return fail(Code::invalid, "requests like this one have ended the engine of " + member->plan.spec().folder_name +
                                      " more than once; change it, or try again in " +
                                      human_duration(std::chrono::ceil<std::chrono::seconds>(*left)));
  }

  const Ticket ticket = requests_.new_ticket();
  Effects effects = scheduler_.request(now(), ticket, index, request.deadline, request.sender);
  if (grants(effects, ticket)) {  // nobody need wait for it
    ++member->requests;
    apply(std::move(effects));
    co_return Lease(std::make_unique<Lease::Hold>(*this, ticket, index, suspect, request.sees_log));
  }
  const auto wait = requests_.wait(ticket, std::move(request.on_news));
  Withdrawal withdrawal{self, ticket};
  apply(std::move(effects));
  co_await wait->until_ended();
  if (!wait->outcome()) co_return fail(Code::cancelled, "the request was cancelled while it waited");
  withdrawal.armed = false;
  if (!*wait->outcome()) {
    Error why = std::move(*wait->outcome()).error();
    if (!request.sees_log) why.message = without_log(std::move(why.message));
    co_return Failure(std::move(why));
  }
  co_return Lease(std::make_unique<Lease::Hold>(*this, ticket, index, suspect, request.sees_log));
}

asio::awaitable<void> PoolLoop::stop() {
  const auto self = shared_from_this();
  apply(scheduler_.shut_down(now()));
  gone_.expires_after(options_.stop_grace);
  while (!scheduler_.all_gone() && gone_.expiry() > now()) co_await gone_.async_wait(k_as_tuple);
  if (scheduler_.all_gone()) co_return;
  apply(scheduler_.stop_now(now()));
  gone_.expires_at(asio::steady_timer::time_point::max());
  while (!scheduler_.all_gone() && !closed_) co_await gone_.async_wait(k_as_tuple);
}

void PoolLoop::close() {
  closed_ = true;
  for (const auto& member : members_) {
    member->life->end_now();
    if (member->verification) member->verification->stop.request_stop();
  }
  requests_.refuse_all({Code::busy, "the server is stopping"});
  alarm_.cancel();
  measure_timer_.cancel();
  watch_timer_.cancel();
  gone_.cancel();
  home_->spawner.reset();
  helper_.join();
  if (verifier_) verifier_->join();
  conversations_.clear();
}

Pool::Pool(asio::io_context& context, PoolOptions options, std::vector<ModelSpec> models)
    : loop_(std::make_shared<PoolLoop>(context, std::move(options))) {
  loop_->serve(std::move(models));
}
Pool::~Pool() { loop_->close(); }
asio::awaitable<Result<Lease>> Pool::lease(LeaseRequest request) { return loop_->lease(std::move(request)); }
std::vector<ModelStatus> Pool::status() const { return loop_->status(); }
PoolStatus Pool::totals() const { return loop_->totals(); }
void Pool::reload(PoolOptions options, std::vector<ModelSpec> models) {
  loop_->reload(std::move(options), std::move(models));
}
std::chrono::seconds Pool::cools_for(const std::string& model_id) const { return loop_->cools_for(model_id); }
std::uint64_t Pool::text_limit(const std::string& model_id) const { return loop_->text_limit(model_id); }

PictureSizes Pool::picture_sizes(const std::string& model_id) const { return loop_->picture_sizes(model_id); }
void Pool::unload(const std::string& model_id) { loop_->unload(model_id); }
asio::awaitable<void> Pool::stop() { return loop_->stop(); }

}  // namespace eai::engine
