#include "engine/pool.h"

#include <algorithm>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <signal.h>
#include <sys/stat.h>

#include "engine/leftovers.h"
#include "engine/pool_impl.h"
#include "engine/prefetch.h"
#include "util/folders.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

constexpr auto k_as_tuple = asio::as_tuple(asio::use_awaitable);

// The end of a model's hash tells models apart; other ids keep their letters and digits.
std::string short_name(const std::string& id, ModelIndex index) {
  std::string tail;
  for (const char c : id.size() > 10 ? id.substr(id.size() - 10) : id)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) tail += c;
  return tail + "-" + std::to_string(index);
}

}  // namespace

Budget budget_of(const PoolOptions& options) {
  if (options.memory_budget == 0) return find_budget(options.devices);
  return {.bytes = options.memory_budget, .source = "as configured", .on_device = !options.devices.empty()};
}

SchedulerOptions scheduler_options(const PoolOptions& options, const Budget& budget) {
  SchedulerOptions result;
  result.budget = budget.bytes;
  result.max_resident = options.max_resident;
  result.patience = options.patience;
  result.start_timeout = options.start_timeout;
  result.idle_timeout = options.idle_timeout;
  return result;
}

PoolImpl::PoolImpl(asio::io_context& io, PoolOptions given, std::vector<ModelSpec> models)
    : context(io),
      options(std::move(given)),
      budget(budget_of(options)),
      scheduler(scheduler_options(options, budget)),
      measured(options.measured_file),
      alarm(io),
      gone(io, asio::steady_timer::time_point::max()),
      measure_timer(io),
      client(io) {
  for (const fs::path& folder : {options.run_folder, options.log_folder})
    if (auto made = make_folders(folder, 0700); !made) log::error("{}", made.error().message);
  ::chmod(options.run_folder.c_str(), 0700);
  const auto folder = socket_folder(options.run_folder);
  if (!folder) log::error("engines cannot be started: {}", folder.error().message);
  sockets = folder.value_or(options.run_folder);
  sweep_leftovers(sockets);
  prepare_slot_folder();
  for (ModelSpec& spec : models) order.push_back(add_model(std::move(spec)));
}

ModelIndex PoolImpl::add_model(ModelSpec spec) {
  const ModelIndex index = scheduler.add_model({});
  by_id.emplace(spec.id, index);
  served.push_back(std::make_shared<Served>(context, std::move(spec)));
  served.back()->name = short_name(served.back()->spec.id, index);
  served.back()->socket = (sockets / (served.back()->name + ".sock")).string();
  apply(scheduler.set_terms(now(), index, terms_of(*served.back())));
  return index;
}

// `spec` is the model's own, or another one that it shall have.
void PoolImpl::look_at(ModelIndex index, ModelSpec spec) {
  Served& model = *served[index];
  // What is known already serves until the answer is there.
  if (model.look != Served::Look::done) model.look = Served::Look::running;
  model.looked_at.expires_at(asio::steady_timer::time_point::max());
  asio::post(helper, [self = weak_from_this(), &io = context, index, spec = std::move(spec), look = ++model.looks,
                      devices = options.devices] {
    auto result = std::make_shared<Result<Inspection>>(kind_of(spec.task).inspect(spec, devices));
    asio::post(io, [self, index, spec, look, result] {
      const auto pool = self.lock();
      if (!pool || pool->closed || pool->served[index]->looks != look) return;
      pool->looked(index, spec, std::move(*result));
    });
  });
}

void PoolImpl::looked(ModelIndex index, ModelSpec spec, Result<Inspection> result) {
  Served& model = *served[index];
  if (result) {
    model.next = Served::Next{std::move(spec), std::move(*result)};
    // An engine that runs stays what it is; it goes when nobody uses it, and what comes then is the new one.
    if (model.engine)
      apply(scheduler.unload(now(), index));
    else
      take_next(model);
    apply(scheduler.set_terms(now(), index, terms_of(model)));
  } else if (model.look == Served::Look::done) {
    log::error("{} stays as it was: {}", model.spec.folder_name, result.error().message);
  } else {
    model.look = Served::Look::failed;
    model.look_error = std::move(result).error();
  }
  model.looked_at.cancel();
}

void PoolImpl::take_next(Served& model) {
  if (!model.next) return;
  if (model.look == Served::Look::done) forget_slots(model);
  model.spec = std::move(model.next->spec);
  model.found = std::move(model.next->found);
  model.next.reset();
  model.look = Served::Look::done;
  model.measured_key = Measured::key_of(model.spec, model.found.launch);
}

ModelTerms PoolImpl::terms_of(const Served& model) const {
  const std::uint64_t estimate = model.found.memory.total();
  std::uint64_t need = estimate;
  // The measured peak replaces the estimate; the prompt cache may still have been short of its bound then.
  if (const auto peak = measured.peak(model.measured_key); peak && !budget.on_device)
    need = std::max(*peak, std::min(estimate, *peak + model.found.memory.prompt_cache));
  // What is larger than the GPU takes all of it, and the rest of it lies in RAM.
  if (budget.fits(need)) need = std::min(need, budget.bytes);
  ModelTerms terms;
  terms.need = need;
  terms.slots = std::max(1u, model.found.launch.slots);
  terms.queue_limit = options.queue_limit;
  terms.main = model.spec.main;
  terms.pinned = model.spec.pinned;
  terms.idle_timeout = model.spec.idle_timeout;
  return terms;
}

void PoolImpl::apply(Effects effects) {
  bool waits = false, started = false, stopped = false;
  for (const Effect& effect : effects) {
    waits = waits || std::holds_alternative<Prefetch>(effect);
    started = started || std::holds_alternative<StartEngine>(effect);
    stopped = stopped || std::holds_alternative<StopEngine>(effect);
    std::visit([this](const auto& one) { carry_out(one); }, effect);
  }
  // Where only the number of models is limited, one starts while the other leaves.
  const bool another_first = waits || (started && stopped);
  if (another_first) ++switches;
  if (another_first && stopped) ++evictions;
  tell_news();
  set_alarm();
  if (scheduler.all_gone()) gone.cancel();
}

void PoolImpl::carry_out(const StartEngine& effect) {
  Served& model = *served[effect.model];
  const EngineKind& kind = kind_of(model.spec.task);
  model.run = effect.run;
  model.fraction = 0;
  model.started_at = now();
  ++model.starts;
  Command command;
  command.program = kind.program == "llama-server" ? options.llama_server : options.image_engine;
  Launch launch = model.found.launch;
  if (keeps_slots(model)) launch.slot_folder = options.slot_folder.string();
  command.arguments = kind.arguments(model.spec, launch, model.name + ".sock");
  command.environment = clean_environment();
  command.environment.emplace_back("LLAMA_SERVER_ROUTER_PORT", "1");  // tells its state, ends with its input
  command.folder = sockets;
  EngineEvents events;
  events.started = [this, index = effect.model](int pid) { record_engine(sockets, served[index]->name, pid); };
  events.loading = [this, index = effect.model](double fraction) {
    served[index]->fraction = fraction;
    tell_news();
  };
  events.ready = [this, index = effect.model, run = effect.run] { engine_ready(index, run); };
  events.exited = [this, index = effect.model, run = effect.run](std::string words) {
    engine_exited(index, run, std::move(words));
  };
  const std::string log_name = model.spec.folder_name.empty() ? model.name : model.spec.folder_name;
  const fs::path log = options.log_folder / (log_name + ".log");
  model.engine = std::make_unique<Engine>(context, *spawner, std::move(command), model.socket, log, std::move(events));
}

void PoolImpl::carry_out(const StopEngine& effect) {
  Served& model = *served[effect.model];
  if (!model.engine) return;
  const bool was_ready = std::exchange(model.ready_since, {}) != std::chrono::system_clock::time_point{};
  // At the end of the server there is no time for it, and with other settings it would be of no use.
  const bool comes_back = !model.next && !scheduler.removed(effect.model) && !scheduler.shutting_down();
  if (was_ready && comes_back && keeps_slots(model))
    asio::co_spawn(context, save_slots_and_stop(effect.model, effect.run), asio::detached);
  else
    model.engine->stop();
}

void PoolImpl::carry_out(const Grant& effect) {
  const auto found = waiting.find(effect.ticket);
  if (found == waiting.end()) return;
  ++served[effect.model]->requests;
  found->second->outcome = Result<Run>(effect.run);
  found->second->ended.cancel();
  waiting.erase(found);
}

void PoolImpl::carry_out(const Refuse& effect) {
  const auto found = waiting.find(effect.ticket);
  if (found == waiting.end()) return;
  found->second->outcome = Result<Run>(Failure(error_of(effect)));
  found->second->ended.cancel();
  waiting.erase(found);
}

void PoolImpl::carry_out(const LoseLease& effect) {
  const auto found = leased.find(effect.ticket);
  if (found != leased.end() && found->second->ended.empty()) found->second->ended = "the engine is gone";
}

void PoolImpl::carry_out(const Prefetch& effect) {
  const Served& model = *served[effect.model];
  asio::post(helper, [spec = model.next ? model.next->spec : model.spec] { prefetch(files_of(spec)); });
}

void PoolImpl::set_alarm() {
  const auto next = scheduler.next_wakeup();
  // One that comes too early does no harm, and each answer moves the time at which its model will have been idle for long.
  if (!next || closed || (alarm_at && *alarm_at <= *next)) return;
  alarm_at = next;
  alarm.expires_at(*next);
  alarm.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto pool = self.lock();
    if (error || !pool || pool->closed) return;
    pool->alarm_at.reset();
    pool->apply(pool->scheduler.tick(now()));
  });
}

void PoolImpl::close() {
  closed = true;
  for (const auto& model : served) {
    if (model->engine) forget_engine(sockets, model->name);
    model->engine.reset();
  }
  for (const auto& [ticket, one] : waiting) {
    one->outcome = Result<Run>(fail(Code::busy, "the server is stopping"));
    one->ended.cancel();
  }
  waiting.clear();
  alarm.cancel();
  measure_timer.cancel();
  gone.cancel();
  spawner.reset();
  helper.join();
  remove_slots(options.slot_folder);
}

Pool::Pool(asio::io_context& context, PoolOptions options, std::vector<ModelSpec> models)
    : impl_(std::make_shared<PoolImpl>(context, std::move(options), std::move(models))) {
  for (ModelIndex i = 0; i < impl_->served.size(); ++i) impl_->look_at(i, impl_->served[i]->spec);
}

Pool::~Pool() { impl_->close(); }

asio::awaitable<Result<Lease>> Pool::lease(LeaseRequest request) { return impl_->lease(std::move(request)); }

void Pool::reload(PoolOptions options, std::vector<ModelSpec> models) {
  impl_->reload(std::move(options), std::move(models));
}

void Pool::unload(const std::string& model_id) {
  if (const auto found = impl_->by_id.find(model_id); found != impl_->by_id.end())
    impl_->apply(impl_->scheduler.unload(PoolImpl::now(), found->second));
}

asio::awaitable<void> Pool::stop() {
  const auto pool = impl_;
  pool->apply(pool->scheduler.shut_down(PoolImpl::now()));
  pool->gone.expires_after(pool->options.stop_grace);
  while (!pool->scheduler.all_gone() && pool->gone.expiry() > PoolImpl::now())
    co_await pool->gone.async_wait(k_as_tuple);
  if (pool->scheduler.all_gone()) co_return;
  pool->apply(pool->scheduler.stop_now(PoolImpl::now()));
  pool->gone.expires_at(asio::steady_timer::time_point::max());
  while (!pool->scheduler.all_gone() && !pool->closed) co_await pool->gone.async_wait(k_as_tuple);
}

}  // namespace eai::engine
