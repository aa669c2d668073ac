#include "engine/pool_loop.h"

#include <algorithm>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "engine/prefetch.h"
#include "engine/refusal_words.h"
#include "util/log.h"
#include "util/task.h"
#include "util/text.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

Time now() { return std::chrono::steady_clock::now(); }

}  // namespace

void PoolLoop::apply(Effects effects) {
  bool waits = false, started = false, stopped = false;
  for (const Effect& effect : effects) {
    waits = waits || std::holds_alternative<Prefetch>(effect);
    started = started || std::holds_alternative<StartEngine>(effect);
    stopped = stopped || std::holds_alternative<StopEngine>(effect);
    std::visit([this](const auto& one) { carry_out(one); }, effect);
  }
  // Where only the number of models is limited, one starts while the other leaves.
  const bool another_first = waits || (started && stopped);
  if (another_first) ++switches_;
  if (another_first && stopped) ++evictions_;
  tell_news();
  set_alarm();
  if (scheduler_.all_gone()) gone_.cancel();
}

void PoolLoop::carry_out(const StartEngine& effect) {
  members_[effect.model]->damage.reset();
  if (options_.verify)
    verify_first(effect.model, effect.run);
  else
    start(effect.model, effect.run);
}

void PoolLoop::start(ModelIndex index, EngineRun run) {
  Member& member = *members_[index];
  const ModelPlan& plan = member.plan;
  const EngineKind& kind = kind_of(plan.spec().task);
  const fs::path& program = program_of(kind, options_.programs);
  Launch launch = plan.found().launch;
  if (!kind.fit_variable.empty()) {
    member.fit = fits_.find(plan.key(), stamp_of(program));
    launch.known_fit = member.fit.text;
  }
  if (conversations_.keeps(plan)) launch.slot_folder = conversations_.folder().string();
  const std::uint64_t limit = budget_.on_device ? 0 : memory_limit(plan.found().memory, launch);
  member.life->start(run, kind, program, plan.spec(), launch, limit);
  watch_memory_soon();
}

void PoolLoop::carry_out(const StopEngine& effect) {
  const Member& member = *members_[effect.model];
  if (member.verification) {
    member.verification->stop.request_stop();
    return;
  }
  // At the end of the server there is no time to save conversations, and with other settings they would be of no use.
  const bool comes_back = !member.plan.has_next() && !scheduler_.removed(effect.model) && !scheduler_.shutting_down();
  if (member.life->end_service() && comes_back && conversations_.keeps(member.plan))
    asio::co_spawn(context_, save_and_stop(effect.model), Unawaited("the saving of a conversation"));
  else
    member.life->stop();
}

void PoolLoop::carry_out(const Grant& effect) {
  if (requests_.grant(effect.ticket)) ++members_[effect.model]->requests;
}

void PoolLoop::carry_out(const Refuse& effect) {
  const ModelPlan& plan = members_[effect.model]->plan;
  const RefusalFacts facts{.name = plan.spec().folder_name,
                           .need = scheduler_.terms(effect.model).need,
                           .waiting = scheduler_.waiting(effect.model),
                           .damage = members_[effect.model]->damage,
                           .found = plan.found(),
                           .budget = budget_,
                           .name_of = [this](ModelIndex index) { return members_[index]->plan.spec().folder_name; }};
  requests_.refuse(effect.ticket, error_of(effect, facts));
}

void PoolLoop::carry_out(const LoseLease& effect) { requests_.lose(effect.ticket, {"the engine is gone"}); }

void PoolLoop::carry_out(const Prefetch& effect) {
  asio::post(helper_, [spec = members_[effect.model]->plan.latest_spec()] { prefetch(files_of(spec)); });
}

void PoolLoop::set_alarm() {
  const auto next = scheduler_.next_wakeup();
  // One that comes too early does no harm, and each answer moves the time at which its model will have been idle for long.
  if (!next || closed_ || (alarm_at_ && *alarm_at_ <= *next)) return;
  alarm_at_ = next;
  alarm_.expires_at(*next);
  alarm_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto loop = self.lock();
    if (error || !loop || loop->closed_) return;
    loop->alarm_at_.reset();
    loop->apply(loop->scheduler_.tick(now()));
  });
}

void PoolLoop::tell_news() {
  requests_.tell_news([this](Ticket ticket) -> std::optional<WaitNews> {
    const auto index = scheduler_.model_waited_for(ticket);
    const auto standing = scheduler_.standing(ticket);
    if (!index || !standing) return std::nullopt;
    WaitNews news;
    news.phase = words_of(standing->phase);
    news.position = standing->position;
    if (scheduler_.state(*index) != State::starting) return news;
    const Member& member = *members_[*index];
    if (member.verification) news.phase = k_verifying;
    news.fraction = member.verification ? member.verification->fraction : member.life->fraction();
    return news;
  });
}

void PoolLoop::engine_ready(ModelIndex index, EngineRun run) {
  Member& member = *members_[index];
  member.fit.text.clear();  // it did no harm
  if (!member.life->fit().empty()) keep_fit(member.plan.key(), {member.fit.engine, member.life->fit()});
  if (conversations_.keeps(member.plan))
    asio::co_spawn(context_, restore_and_begin(index, run), Unawaited("the restoring of a conversation"));
  else
    begin(index, run);
}

void PoolLoop::begin(ModelIndex index, EngineRun run) {
  members_[index]->life->serve();
  apply(scheduler_.ready(now(), run));
  measure(index);
  if (!budget_.on_device) members_[index]->held_at_start = members_[index]->life->memory_now();
  measure_soon();
}

asio::awaitable<void> PoolLoop::restore_and_begin(ModelIndex index, EngineRun run) {
  const auto self = shared_from_this();
  const auto member = members_[index];
  co_await conversations_.restore(member->plan, member->life);
  if (member->life->runs(run)) begin(index, run);
}

asio::awaitable<void> PoolLoop::save_and_stop(ModelIndex index) {
  const auto self = shared_from_this();
  const auto member = members_[index];
  const auto engine = member->life->engine();
  co_await conversations_.save(member->plan, member->life, helper_);
  if (!engine.expired()) member->life->stop();
}

void PoolLoop::engine_exited(ModelIndex index, EngineRun run, const EngineExit& exit) {
  Member& member = *members_[index];
  if (answers(index)) {
    ++member.crashes;
    log::warn("the engine of {} is gone: {}", member.plan.spec().folder_name, exit.words);
  }
  const std::vector<Ticket> blamed = exit.crashed ? suspects_.judge(now(), run) : std::vector<Ticket>();
  // It ended before it was ready: whatever the reason was, the next one looks for itself.
  if (!std::exchange(member.fit, {}).text.empty()) keep_fit(member.plan.key(), {});
  const bool changed = member.plan.has_next();
  // Before the scheduler knows, which may start the next one at once.
  take_next(member);
  Effects effects = scheduler_.exited(now(), run, exit.words);
  for (const Effect& effect : effects)
    if (const auto* lost = std::get_if<LoseLease>(&effect))
      requests_.lose(lost->ticket, {exit.words, std::ranges::find(blamed, lost->ticket) != blamed.end()});
  apply(std::move(effects));
  // Its peak may have taught a new need; while it runs a need is only ever raised.
  if (member.plan.known() && (scheduler_.state(index) == State::absent || changed))
    apply(scheduler_.set_terms(now(), index, terms_of(member)));
}

bool PoolLoop::answers(ModelIndex index) const {
  const State state = scheduler_.state(index);
  return state == State::ready || state == State::draining;
}

void PoolLoop::measure(ModelIndex index) {
  Member& member = *members_[index];
  if (!answers(index)) return;
  const auto taken = member.life->measure(member.plan.found().memory);
  if (!taken || budget_.on_device) return;
  if (measured_.note(member.plan.key(), *taken)) save_measured(member.plan.key(), *taken);
  ModelTerms terms = terms_of(member);
  const ModelTerms& counted = scheduler_.terms(index);
  terms.need = std::max(terms.need, counted.need);  // while it runs, a need is only ever raised
  if (terms.need != counted.need || terms.held != counted.held) apply(scheduler_.set_terms(now(), index, terms));
}

void PoolLoop::measure_soon() {
  if (std::exchange(measuring_, true)) return;
  measure_timer_.expires_after(options_.measure_every);
  measure_timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto loop = self.lock();
    if (!loop) return;
    loop->measuring_ = false;
    if (error || loop->closed_) return;
    for (ModelIndex i = 0; i < loop->members_.size(); ++i) {
      loop->measure(i);
      if (loop->answers(i) && loop->scheduler_.leases(i) > 0)
        loop->members_[i]->life->check({loop->options_.silence_limit, loop->options_.stuck_limit});
    }
    if (!loop->scheduler_.all_gone()) loop->measure_soon();
  });
}

void PoolLoop::watch_memory_soon() {
  if (std::exchange(watching_, true)) return;
  bool at_work = false;
  for (ModelIndex i = 0; i < members_.size(); ++i)
    at_work = at_work || scheduler_.leases(i) > 0 || scheduler_.state(i) == State::starting;
  watch_timer_.expires_after(at_work ? options_.watch_every_at_work : options_.watch_every);
  watch_timer_.async_wait([self = weak_from_this()](boost::system::error_code error) {
    const auto loop = self.lock();
    if (!loop) return;
    loop->watching_ = false;
    if (error || loop->closed_) return;
    loop->watch_memory();
    if (!loop->scheduler_.all_gone()) loop->watch_memory_soon();
  });
}

// Other programs take memory too, and answers may grow faster than they are measured.
void PoolLoop::watch_memory() {
  const auto left = options_.free_memory();
  if (!left || *left >= budget_.reserve) return;
  Effects effects = scheduler_.relieve(now());
  for (const Effect& effect : effects) {
    const auto* stop = std::get_if<StopEngine>(&effect);
    if (stop == nullptr) continue;
    ++evictions_;
    log::warn("memory is short ({} left), so {} is unloaded", human_bytes(*left),
              members_[stop->model]->plan.spec().folder_name);
  }
  apply(std::move(effects));
}

void PoolLoop::hold(Ticket ticket, ModelIndex index, Suspect suspect, LeaseEnd& ended) {
  requests_.hold(ticket, ended);
  suspects_.begin(ticket, scheduler_.run(index), suspect);
}

void PoolLoop::give_back(Ticket ticket, ModelIndex index, bool answered) {
  requests_.release(ticket);
  suspects_.end(now(), ticket, answered);
  if (closed_) return;
  // The end of an answer is when an engine has used the most.
  if (scheduler_.leases(index) == 1) measure(index);
  apply(scheduler_.leave(now(), ticket));
}

}  // namespace eai::engine
