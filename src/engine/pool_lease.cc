// The pool and those who wait: leases, their ends, what a waiting client is told.
#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/deferred.hpp>

#include "engine/pool_impl.h"
#include "util/text.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

constexpr auto k_as_tuple = asio::as_tuple(asio::deferred);

std::string_view phase_name(Standing::Phase phase) {
  switch (phase) {
    case Standing::Phase::queued:
      return "queued";
    case Standing::Phase::loading:
      return "loading";
    case Standing::Phase::for_answers:
      return "waiting for running answers";
    case Standing::Phase::for_room:
      return "waiting for room";
  }
  return "queued";
}

std::string seconds_text(Span span) {
  return human_duration(std::max(std::chrono::ceil<std::chrono::seconds>(span), std::chrono::seconds(1)));
}

// Takes a request back when its coroutine ends before an outcome, however that comes about.
struct Withdrawal {
  std::weak_ptr<PoolImpl> pool;
  Ticket ticket;
  bool armed = true;
  ~Withdrawal() {
    const auto impl = pool.lock();
    if (!armed || !impl || impl->closed) return;
    impl->waiting.erase(ticket);
    impl->apply(impl->scheduler.leave(PoolImpl::now(), ticket));
  }
};

bool grants(const Effects& effects, Ticket ticket) {
  return std::ranges::any_of(effects, [&](const Effect& effect) {
    const auto* grant = std::get_if<Grant>(&effect);
    return grant != nullptr && grant->ticket == ticket;
  });
}

}  // namespace

Lease::Hold::Hold(PoolImpl& from, Ticket number, ModelIndex of)
    : pool(from.weak_from_this()), ticket(number), index(of), model(from.served[of]) {
  from.leased.emplace(ticket, this);
}

Lease::Hold::~Hold() {
  const auto impl = pool.lock();
  if (!impl) return;
  impl->leased.erase(ticket);
  // The end of an answer is when an engine has used the most.
  if (!impl->closed && impl->scheduler.leases(index) == 1) impl->measure(index);
  if (!impl->closed) impl->apply(impl->scheduler.leave(PoolImpl::now(), ticket));
}

Lease::Lease(std::unique_ptr<Hold> hold) : hold_(std::move(hold)) {}
Lease::Lease(Lease&&) noexcept = default;
Lease& Lease::operator=(Lease&&) noexcept = default;
Lease::~Lease() = default;
const std::string& Lease::model_id() const { return hold_->model->spec.id; }
const std::string& Lease::socket() const { return hold_->model->socket; }
std::string Lease::ended() const { return hold_->ended; }

asio::awaitable<Result<Lease>> PoolImpl::lease(LeaseRequest request) {
  const auto self = shared_from_this();
  const auto found = by_id.find(request.model_id);
  if (found == by_id.end()) co_return fail(Code::not_found, "no model " + printable(request.model_id) + " is served");
  const ModelIndex index = found->second;
  Served& model = *served[index];
  const EngineKind& kind = kind_of(model.spec.task);
  if ((kind.program == "llama-server" ? options.llama_server : options.image_engine).empty())
    co_return fail(Code::unsupported,
                   std::string(kind.program) + ", which runs " + model.spec.folder_name + ", was not found");
  if (model.look != Served::Look::done) {
    auto looked_at = co_await wait_for_look(index, request.deadline);
    if (!looked_at) co_return Failure(std::move(looked_at).error());
  }

  const Ticket ticket = ++last_ticket;
  Effects effects = scheduler.request(now(), ticket, index, request.deadline);
  if (grants(effects, ticket)) {  // nobody need wait for it
    ++model.requests;
    apply(std::move(effects));
    co_return lease_of(ticket, index);
  }
  const auto wait = std::make_shared<Waiting>(context, std::move(request.on_news));
  waiting.emplace(ticket, wait);
  Withdrawal withdrawal{self, ticket};
  apply(std::move(effects));
  // Ends by an outcome, or by cancellation of this coroutine.
  if (!wait->outcome) co_await wait->ended.async_wait(k_as_tuple);
  if (!wait->outcome) co_return fail(Code::cancelled, "nobody waits for the answer any more");
  withdrawal.armed = false;
  if (!*wait->outcome) co_return Failure(std::move(*wait->outcome).error());
  co_return lease_of(ticket, index);
}

Lease PoolImpl::lease_of(Ticket ticket, ModelIndex index) {
  return Lease(std::make_unique<Lease::Hold>(*this, ticket, index));
}

// The first request may come before the file was looked at; a look that failed is tried again.
asio::awaitable<Result<void>> PoolImpl::wait_for_look(ModelIndex index, Time deadline) {
  Served& model = *served[index];
  if (model.look == Served::Look::failed) look_at(index, model.spec);
  while (model.look == Served::Look::running) {
    if (now() >= deadline)
      co_return fail(Code::timeout, "the file of " + model.spec.folder_name + " could not be read in time");
    co_await model.looked_at.async_wait(k_as_tuple);
    if (closed || model.look == Served::Look::running) co_return fail(Code::busy, "the server is stopping");
  }
  if (model.look == Served::Look::failed) co_return Failure(model.look_error);
  co_return Result<void>();
}

Error PoolImpl::error_of(const Refuse& refusal) const {
  const Served& model = *served[refusal.model];
  const std::string& name = model.spec.folder_name;
  switch (refusal.why) {
    case Refusal::too_large: {
      const std::uint64_t need = scheduler.terms(refusal.model).need;
      std::string text = name + " needs " + human_bytes(need) + " of memory (";
      if (need != model.found.memory.total()) text += "as seen on this machine; estimated: ";
      text += model.found.memory.arithmetic(model.found.launch) + "), and there are " + human_bytes(budget.bytes) +
              " for models (" + budget.source + ")";
      const bool long_context = model.found.launch.context > 4096;
      return {Code::unsupported, text, long_context ? Hint::shorter_context : Hint::none};
    }
    case Refusal::queue_full:
      return {Code::busy, std::to_string(scheduler.waiting(refusal.model)) + " requests already wait for " + name};
    case Refusal::deadline: {
      std::string text = "no engine was free for " + name + " in time; the request was " +
                         std::string(phase_name(refusal.standing.phase));
      std::string names;
      for (const ModelIndex i : refusal.standing.behind)
        names += (names.empty() ? "" : ", ") + served[i]->spec.folder_name;
      if (!names.empty()) text += " of " + names;
      return {Code::timeout, text};
    }
    case Refusal::start_failed:
      return {Code::io, "the engine of " + name + " could not be started: " + refusal.words};
    case Refusal::cooling:
      return {Code::busy, "the engine of " + name + " could not be started a moment ago, the next try is in " +
                              seconds_text(refusal.retry_after) + ": " + refusal.words};
    case Refusal::removed:
      return {Code::not_found, name + " is no longer served"};
    case Refusal::shutting_down:
      return {Code::busy, "the server is stopping"};
  }
  return {Code::busy, "refused"};
}

WaitNews PoolImpl::news_of(Ticket ticket) const {
  WaitNews news;
  const auto standing = scheduler.standing(ticket);
  if (!standing) return news;
  news.phase = phase_name(standing->phase);
  news.position = standing->position;
  return news;
}

void PoolImpl::tell_news() {
  std::vector<std::pair<std::shared_ptr<Waiting>, WaitNews>> due;
  for (const auto& [ticket, one] : waiting) {
    if (!one->on_news || one->outcome) continue;
    const auto index = scheduler.model_waited_for(ticket);
    if (!index) continue;
    WaitNews news = news_of(ticket);
    if (scheduler.state(*index) == State::starting) news.fraction = served[*index]->fraction;
    if (one->told && *one->told == news) continue;
    one->told = news;
    due.emplace_back(one, news);
  }
  for (const auto& [one, news] : due)
    if (!one->outcome) one->on_news(news);
}

}  // namespace eai::engine
