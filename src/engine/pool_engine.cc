// The pool and its running engines: readiness, end, memory.
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "engine/leftovers.h"
#include "engine/pool_impl.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {
constexpr std::chrono::seconds k_measure_least{1};
}

void PoolImpl::engine_ready(ModelIndex index, Run run) {
  Served& model = *served[index];
  if (model.run != run || !model.engine) return;
  if (keeps_slots(model))
    asio::co_spawn(context, restore_slots_and_serve(index, run), asio::detached);
  else
    serve(index, run);
}

void PoolImpl::serve(ModelIndex index, Run run) {
  Served& model = *served[index];
  const std::chrono::duration<double> load = now() - model.started_at;
  model.last_load_seconds = load.count();
  model.ready_since = std::chrono::system_clock::now();
  log::info("{} is ready after {:.2f} s", model.spec.folder_name, load.count());
  apply(scheduler.ready(now(), run));
  measure(index);
  measure_soon();
}

void PoolImpl::engine_exited(ModelIndex index, Run run, std::string words) {
  Served& model = *served[index];
  if (model.run != run || closed) return;
  model.engine.reset();
  forget_engine(sockets, model.name);
  model.ready_since = {};
  model.memory_now = 0;
  const State was = scheduler.state(index);
  if (was == State::ready || was == State::draining) {
    ++model.crashes;
    log::warn("the engine of {} is gone: {}", model.spec.folder_name, words);
  }
  const bool changed = model.next.has_value();
  // Before the scheduler knows, which may start the next one at once.
  take_next(model);
  Effects effects = scheduler.exited(now(), run, words);
  for (const Effect& effect : effects)
    if (const auto* lost = std::get_if<LoseLease>(&effect))
      if (const auto found = leased.find(lost->ticket); found != leased.end()) found->second->ended = words;
  apply(std::move(effects));
  // Its peak may have taught a new need; while it runs a need is only ever raised.
  if (model.look == Served::Look::done && (scheduler.state(index) == State::absent || changed))
    apply(scheduler.set_terms(now(), index, terms_of(model)));
}

void PoolImpl::note_peak(ModelIndex index, std::uint64_t peak) {
  Served& model = *served[index];
  if (budget.on_device || !measured.note(model.measured_key, peak)) return;
  save_measured();
  if (const ModelTerms terms = terms_of(model); terms.need > scheduler.terms(index).need)
    apply(scheduler.set_terms(now(), index, terms));
}

void PoolImpl::save_measured() {
  if (options.measured_file.empty()) return;
  asio::post(helper, [path = options.measured_file, text = measured.text()] {
    if (auto written = write_file_atomic(path, view_of(text)); !written) log::warn("{}", written.error().message);
  });
}

void PoolImpl::measure(ModelIndex index) {
  Served& model = *served[index];
  const State state = scheduler.state(index);
  const int pid = model.engine ? model.engine->pid() : 0;
  if (now() < model.measured_at + k_measure_least) return;
  if (pid == 0 || (state != State::ready && state != State::draining)) return;
  const MemoryUse use = memory_of(pid);
  if (use.own == 0) return;  // it has just died
  model.measured_at = now();
  model.memory_now = needed_bytes(model.found.memory, use.own, use.mapped);
  note_peak(index, model.memory_now);
}

void PoolImpl::measure_soon() {
  if (std::exchange(measuring, true)) return;
  measure_timer.expires_after(options.measure_every);
  measure_timer.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto pool = self.lock();
    if (!pool) return;
    pool->measuring = false;
    if (error || pool->closed) return;
    for (ModelIndex i = 0; i < pool->served.size(); ++i) {
      pool->measure(i);
      pool->look_after(i);
    }
    if (!pool->scheduler.all_gone()) pool->measure_soon();
  });
}

// An engine that hangs would keep its leases until each of them gives up by itself, and take new ones. It is asked whether it
// lives, and the part of it that computes on its own, which may take minutes for a step: a dead one is ended.
void PoolImpl::look_after(ModelIndex index) {
  Served& model = *served[index];
  const State state = scheduler.state(index);
  if (!model.engine || (state != State::ready && state != State::draining) || scheduler.leases(index) == 0) return;
  const auto ask = [&](std::string_view question, std::chrono::milliseconds limit, bool Served::*asking) {
    if (question.empty() || std::exchange(model.*asking, true)) return;
    asio::co_spawn(context, ask_health(index, model.run, std::string(question), limit, asking), asio::detached);
  };
  ask("/health", options.silence_limit, &Served::asking_health);
  ask(kind_of(model.spec.task).question, options.stuck_limit, &Served::asking_part);
}

asio::awaitable<void> PoolImpl::ask_health(ModelIndex index, Run run, std::string question,
                                           std::chrono::milliseconds limit, bool Served::*asking) {
  const auto self = shared_from_this();
  Served& model = *served[index];
  http::Ask ask;
  ask.target = question;
  ask.head_timeout = limit;
  const auto reply = co_await client.fetch(model.socket, std::move(ask));
  model.*asking = false;
  if (reply || reply.error().code != Code::timeout || closed || model.run != run || !model.engine) co_return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit);
  model.engine->kill("it did not answer for " + human_duration(seconds) + " and was ended");
}

std::vector<ModelStatus> Pool::status() const {
  std::vector<ModelStatus> all;
  std::vector<ModelIndex> shown = impl_->order;
  for (ModelIndex i = 0; i < impl_->served.size(); ++i)
    if (impl_->scheduler.removed(i) && impl_->served[i]->engine) shown.push_back(i);
  for (const ModelIndex i : shown) {
    const Served& model = *impl_->served[i];
    ModelStatus one;
    one.spec = model.spec;
    one.state = impl_->scheduler.state(i);
    one.pid = model.engine ? model.engine->pid() : 0;
    one.leases = static_cast<int>(impl_->scheduler.leases(i));
    one.queued = static_cast<int>(impl_->scheduler.waiting(i));
    one.context = model.found.launch.context;
    one.slots = model.found.launch.slots;
    one.sees = model.found.sees;
    one.tools = model.found.info.chat_template.find("tools") != std::string::npos;
    one.memory = model.found.memory;
    one.memory_estimated = model.found.memory.total();
    one.memory_need = impl_->scheduler.terms(i).need;
    one.memory_now = model.memory_now;
    one.memory_peak = impl_->measured.peak(model.measured_key).value_or(0);
    one.ready_since = model.ready_since;
    one.starts = model.starts;
    one.crashes = model.crashes;
    one.requests = model.requests;
    one.last_load_seconds = model.last_load_seconds;
    one.last_failure = model.look == Served::Look::failed ? model.look_error.message : impl_->scheduler.last_words(i);
    all.push_back(std::move(one));
  }
  return all;
}

std::chrono::seconds Pool::cools_for(const std::string& model_id) const {
  const auto found = impl_->by_id.find(model_id);
  if (found == impl_->by_id.end() || impl_->scheduler.state(found->second) != State::cooling) return {};
  const Span left = impl_->scheduler.cool_until(found->second) - PoolImpl::now();
  return std::max(std::chrono::ceil<std::chrono::seconds>(left), std::chrono::seconds(1));
}

PoolStatus Pool::totals() const {
  return {impl_->budget.bytes, impl_->budget.source, impl_->scheduler.used(), impl_->switches, impl_->evictions};
}

}  // namespace eai::engine
