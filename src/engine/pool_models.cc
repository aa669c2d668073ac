// Which models a pool serves, and what is known of them.
#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

#include "engine/pool_loop.h"
#include "util/log.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

Time now() { return std::chrono::steady_clock::now(); }

std::chrono::system_clock::time_point on_the_wall(Time time) {
  const auto ago = std::chrono::duration_cast<std::chrono::system_clock::duration>(now() - time);
  return std::chrono::system_clock::now() - ago;
}

// The end of a model's hash tells models apart; other ids keep their letters and digits.
std::string short_name(const std::string& id, ModelIndex index) {
  std::string tail;
  for (const char c : id.size() > 10 ? id.substr(id.size() - 10) : id)
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) tail += c;
  return tail + "-" + std::to_string(index);
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

}  // namespace

Budget budget_of(const PoolOptions& options) {
  if (options.memory_budget == 0) return find_budget(options.devices);
  return {.bytes = options.memory_budget,
          .source = "as configured",
          .on_device = !options.devices.empty(),
          .reserve = find_budget().reserve};
}

PoolLoop::PoolLoop(asio::io_context& context, PoolOptions options)
    : context_(context),
      options_(std::move(options)),
      budget_(budget_of(options_)),
      scheduler_(scheduler_options(options_, budget_)),
      measured_(options_.measured_file),
      fits_(options_.fits_file),
      home_(std::make_shared<EngineHome>(context, options_.run_folder, options_.log_folder)),
      conversations_(options_.slot_folder, options_.slot_limit, options_.slot_deadline),
      requests_(context),
      alarm_(context),
      gone_(context, asio::steady_timer::time_point::max()),
      measure_timer_(context),
      watch_timer_(context) {}

void PoolLoop::reload(PoolOptions options, std::vector<ModelSpec> models) {
  conversations_.reload(options.slot_folder, options.slot_limit, options.slot_deadline);
  // Sockets, logs and what is known of earlier starts stay where they are.
  options.run_folder = options_.run_folder;
  options.log_folder = options_.log_folder;
  options.measured_file = options_.measured_file;
  options.fits_file = options_.fits_file;
  options_ = std::move(options);
  budget_ = budget_of(options_);
  apply(scheduler_.set_options(now(), scheduler_options(options_, budget_)));
  serve(std::move(models));
}

void PoolLoop::serve(std::vector<ModelSpec> models) {
  order_.clear();
  for (ModelSpec& spec : models) {
    const auto known = by_id_.find(spec.id);
    if (known != by_id_.end()) {
      order_.push_back(known->second);
      change(known->second, std::move(spec));
    } else {
      order_.push_back(add_model(std::move(spec)));
      look_at(order_.back(), members_[order_.back()]->plan.spec());
    }
  }
  for (ModelIndex i = 0; i < members_.size(); ++i)
    if (!scheduler_.removed(i) && std::ranges::find(order_, i) == order_.end()) {
      log::info("{} is no longer served", members_[i]->plan.spec().folder_name);
      conversations_.forget(members_[i]->plan);
      apply(scheduler_.remove_model(now(), i));
    }
}

ModelIndex PoolLoop::add_model(ModelSpec spec) {
  const ModelIndex index = scheduler_.add_model({});
  by_id_.emplace(spec.id, index);
  LifeEvents events;
  events.loading = [this] { tell_news(); };
  events.ready = [this, index](EngineRun run) { engine_ready(index, run); };
  events.exited = [this, index](EngineRun run, const EngineExit& exit) { engine_exited(index, run, exit); };
  auto life = std::make_shared<EngineLife>(home_, short_name(spec.id, index), std::move(events));
  std::string id = spec.id;
  members_.push_back(
      std::make_shared<Member>(Member{std::move(id), ModelPlan(context_, std::move(spec)), std::move(life)}));
  apply(scheduler_.set_terms(now(), index, terms_of(*members_.back())));
  return index;
}

// `spec` is the model's own, or another one that it shall have.
void PoolLoop::look_at(ModelIndex index, ModelSpec spec) {
  const std::uint64_t look = members_[index]->plan.begin_look();
  asio::post(helper_, [self = weak_from_this(), &io = context_, index, spec = std::move(spec), look,
                       devices = options_.devices] {
    auto result = std::make_shared<Result<Inspection>>(kind_of(spec.task).inspect(spec, devices));
    asio::post(io, [self, index, spec, look, result] {
      const auto loop = self.lock();
      if (!loop || loop->closed_ || !loop->members_[index]->plan.is_latest(look)) return;
      loop->looked(index, spec, std::move(*result));
    });
  });
}

void PoolLoop::looked(ModelIndex index, ModelSpec spec, Result<Inspection> result) {
  Member& member = *members_[index];
  if (!member.plan.end_look(std::move(spec), std::move(result))) return;
  // An engine that runs stays what it is; it goes when nobody uses it, and what comes then is the new one.
  if (member.life->exists())
    apply(scheduler_.unload(now(), index));
  else
    take_next(member);
  apply(scheduler_.set_terms(now(), index, terms_of(member)));
}

void PoolLoop::take_next(Member& member) {
  if (!member.plan.has_next()) return;
  if (member.plan.known()) conversations_.forget(member.plan);
  member.plan.take_next();
}

void PoolLoop::change(ModelIndex index, ModelSpec spec) {
  Member& member = *members_[index];
  if (scheduler_.removed(index)) apply(scheduler_.return_model(now(), index));
  const bool new_engine = member.plan.change(spec);
  apply(scheduler_.set_terms(now(), index, terms_of(member)));
  if (new_engine) look_at(index, std::move(spec));
}

ModelTerms PoolLoop::terms_of(const Member& member) const {
  const ModelPlan& plan = member.plan;
  const MemoryEstimate& memory = plan.found().memory;
  std::uint64_t need = need_of(memory, budget_.on_device ? std::nullopt : measured_.peak(plan.key()));
  // What is larger than the GPU takes all of it, and the rest of it lies in RAM.
  if (budget_.fits(need)) need = std::min(need, budget_.bytes);
  ModelTerms terms;
  terms.need = need;
  terms.load = std::chrono::duration_cast<Span>(std::chrono::duration<double>(member.life->last_load_seconds()));
  if (!budget_.on_device) {  // of the memory of a GPU nobody tells who has how much of it
    terms.held = std::max({member.life->memory_now(), held_at_start(memory), member.held_at_start});
    terms.growth = growth_of_answer(memory, plan.found().launch);
  }
  terms.slots = std::max(1u, plan.found().launch.slots);
  terms.queue_limit = options_.queue_limit;
  terms.main = plan.spec().main;
  terms.pinned = plan.spec().pinned;
  terms.idle_timeout = plan.spec().idle_timeout;
  return terms;
}

void PoolLoop::save_measured(const std::string& key, std::uint64_t peak) {
  if (options_.measured_file.empty()) return;
  asio::post(helper_, [path = options_.measured_file, key, peak] {
    if (auto saved = Measured::save(path, key, peak); !saved) log::warn("{}", saved.error().message);
  });
}

void PoolLoop::keep_fit(const std::string& key, KnownFit fit) {
  fits_.note(key, fit);
  if (options_.fits_file.empty()) return;
  asio::post(helper_, [path = options_.fits_file, key, fit = std::move(fit)] {
    if (auto saved = KnownFits::save(path, key, fit); !saved) log::warn("{}", saved.error().message);
  });
}

std::vector<ModelStatus> PoolLoop::status() const {
  std::vector<ModelStatus> all;
  for (const ModelIndex i : order_) all.push_back(status_of(i));
  for (ModelIndex i = 0; i < members_.size(); ++i)
    if (scheduler_.removed(i) && members_[i]->life->exists()) all.push_back(status_of(i));
  return all;
}

ModelStatus PoolLoop::status_of(ModelIndex index) const {
  const Member& member = *members_[index];
  const ModelPlan& plan = member.plan;
  const EngineLife& life = *member.life;
  ModelStatus one;
  one.spec = plan.spec();
  one.state = scheduler_.state(index);
  one.pid = life.pid();
  one.leases = static_cast<int>(scheduler_.leases(index));
  one.queued = static_cast<int>(scheduler_.waiting(index));
  one.context = plan.found().launch.context;
  one.slots = plan.found().launch.slots;
  one.sees = plan.found().sees;
  one.tools = plan.found().tools;
  one.memory = plan.found().memory;
  one.memory_estimated = plan.found().memory.total();
  one.memory_need = scheduler_.terms(index).need;
  one.memory_now = life.memory_now();
  one.memory_peak = measured_.peak(plan.key()).value_or(0);
  one.ready_since = life.ready_since();
  if (one.state == State::ready || one.state == State::draining)
    one.last_used = on_the_wall(scheduler_.last_used(index));
  one.starts = life.starts();
  one.crashes = member.crashes;
  one.requests = member.requests;
  one.last_load_seconds = life.last_load_seconds();
  one.last_failure = plan.failure() != nullptr ? plan.failure()->message : scheduler_.last_words(index);
  return one;
}

PoolStatus PoolLoop::totals() const {
  PoolStatus all{budget_.bytes, budget_.source, scheduler_.used(), scheduler_.taken(), 0, switches_, evictions_};
  for (ModelIndex i = 0; i < members_.size(); ++i)
    if (holds_memory(scheduler_.state(i))) all.full += scheduler_.terms(i).need;
  return all;
}

std::chrono::seconds PoolLoop::cools_for(const std::string& model_id) const {
  const auto found = by_id_.find(model_id);
  if (found == by_id_.end() || scheduler_.state(found->second) != State::cooling) return {};
  const Span left = scheduler_.cool_until(found->second) - now();
  return std::max(std::chrono::ceil<std::chrono::seconds>(left), std::chrono::seconds(1));
}

std::uint64_t PoolLoop::text_limit(const std::string& model_id) const {
  const auto found = by_id_.find(model_id);
  return found == by_id_.end() ? 0 : members_[found->second]->plan.found().text_limit;
}

PictureSizes PoolLoop::picture_sizes(const std::string& model_id) const {
  const auto found = by_id_.find(model_id);
  return found == by_id_.end() ? PictureSizes() : members_[found->second]->plan.found().pictures;
}

void PoolLoop::unload(const std::string& model_id) {
  if (const auto found = by_id_.find(model_id); found != by_id_.end()) apply(scheduler_.unload(now(), found->second));
}

}  // namespace eai::engine
