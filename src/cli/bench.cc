// `eai bench`: how fast a model answers through eai, beside its engine alone.
#include <cstdio>
#include <thread>

#include <boost/json.hpp>

#include "cli/bench_sample.h"
#include "cli/progress.h"
#include "cli/ready_model.h"
#include "cli/server_answer.h"
#include "cli/serving.h"
#include "engine/alone.h"
#include "engine/free_memory.h"
#include "library/plan.h"
#include "library/resolve.h"
#include "library/running.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using Samples = std::vector<Sample>;

// Both loaded at the same time, so that they take turns, or first one and then the other.
enum class Turns { alternating, apart };

struct Subject {
  ReadyModel model;
  engine::AloneOptions alone;
  std::uint64_t prompt_tokens = 0;
};

// What the server says of the model.
Result<json::object> state_of(const ReadyModel& model) {
  EAI_TRY(const json::object status, ask_server(model.socket, "/eai/status"));
  const json::value* models = status.if_contains("models");
  if (models != nullptr && models->is_array())
    for (const json::value& one : models->get_array())
      if (one.is_object() && text_in(one.get_object(), "id") == model.hash) return one.get_object();
  return fail(Code::not_found, "the server does not serve " + model.name + " any more");
}

// The engine as the server would start it.
Result<engine::AloneOptions> alone_options(const Context& context, const ReadyModel& model, const json::object& state) {
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const library::Asked asked, library::resolve(library, model.hash));
  const store::Model* stored = library.stored(asked.id);
  if (stored == nullptr) return library::not_here(asked);
  EAI_TRY(const library::Engines engines, library::find_engines(context.config.engines, context.folders));
  engine::AloneOptions out;
  EAI_TRY(out.spec, library::spec_of(library, serve_settings(context.config), *stored));
  out.spec.context_length = static_cast<std::uint32_t>(signed_in(state, "context_length"));
  out.spec.parallel = static_cast<std::uint32_t>(signed_in(state, "slots"));
  const engine::EngineKind& kind = engine::kind_of(out.spec.task);
  EAI_TRY(out.found, kind.inspect(out.spec, library::devices_of(engines)));
  out.program = engine::program_of(kind, engines.programs());
  out.run_folder = context.folders.run / "bench";
  out.log_folder = context.folders.state / "bench";
  out.patience = std::chrono::seconds(context.config.server.start_timeout);
  return out;
}

Result<Subject> subject_of(const Context& context, ReadyModel model) {
  EAI_TRY(const json::object state, state_of(model));
  EAI_TRY(engine::AloneOptions alone, alone_options(context, model, state));
  const BenchSettings& wish = context.config.bench;
  constexpr std::uint64_t k_beginning = 8;  // what the engine puts before a prompt
  const std::uint64_t context_length = alone.found.launch.context;
  if (context_length < wish.tokens + k_beginning + 1)
    return fail(Code::invalid, "--tokens is " + std::to_string(wish.tokens) + ", but the context of " + model.name +
                                   " has only " + std::to_string(context_length) + " tokens");
  const std::uint64_t room = context_length - wish.tokens - k_beginning;
  return Subject{std::move(model), std::move(alone), std::min(wish.prompt_tokens, room)};
}

// How much of a GPU is free, nobody tells.
Turns turns_for(const Subject& subject, const Config& config) {
  if (subject.alone.found.launch.on_device || !subject.alone.spec.workers.empty()) return Turns::apart;
  const std::uint64_t need = engine::need_of(subject.alone.found.memory, std::nullopt);
  const std::uint64_t limit = config.server.memory_limit.bytes;
  if (limit > 0 && limit < engine::add_saturating(need, need)) return Turns::apart;
  const auto free = engine::free_memory();
  return free && *free > need ? Turns::alternating : Turns::apart;
}

class Bench {
 public:
  Bench(Context& context, const Subject& subject, const std::stop_token& stop)
      : context_(context),
        subject_(subject),
        stop_(stop),
        turns_(turns_for(subject, context.config)),
        display_(context.out) {}

  Result<void> run() {
    EAI_CHECK(warm_up(subject_.model.socket));  // it also loads the model, where it is not
    return turns_ == Turns::alternating ? run_in_turns() : run_apart();
  }

  const Samples& eai() const { return eai_; }
  const Samples& alone() const { return alone_; }
  Turns turns() const { return turns_; }

 private:
  std::uint64_t rounds() const { return context_.config.bench.rounds; }

  Result<void> run_in_turns() {
    show("starting the engine alone");
    EAI_TRY(const auto engine, engine::AloneEngine::start(subject_.alone, stop_));
    EAI_CHECK(warm_up(engine->socket()));
    for (std::uint64_t round = 0; round < rounds(); ++round) {
      const bool eai_first = round % 2 == 0;
      if (eai_first) EAI_CHECK(measure(subject_.model.socket, eai_));
      EAI_CHECK(measure(engine->socket(), alone_));
      if (!eai_first) EAI_CHECK(measure(subject_.model.socket, eai_));
    }
    return {};
  }

  Result<void> run_apart() {
    for (std::uint64_t round = 0; round < rounds(); ++round) EAI_CHECK(measure(subject_.model.socket, eai_));
    EAI_CHECK(unload());
    show("starting the engine alone");
    EAI_TRY(const auto engine, engine::AloneEngine::start(subject_.alone, stop_));
    EAI_CHECK(warm_up(engine->socket()));
    for (std::uint64_t round = 0; round < rounds(); ++round) EAI_CHECK(measure(engine->socket(), alone_));
    return {};
  }

  // So that its memory is free. The next request loads it again.
  Result<void> unload() {
    show("unloading");
    const ServerAsk post{
        .method = "POST", .target = "/eai/unload/" + subject_.model.hash, .cut_off = "the server ended"};
    EAI_CHECK(stream_from_server(
        subject_.model.socket, post, [](std::string_view) { return Result<void>(); }, stop_));
    while (!stop_.stop_requested()) {
      EAI_TRY(const json::object state, state_of(subject_.model));
      if (text_in(state, "state") == "absent") return {};
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return fail(Code::cancelled, "stopped");
  }

  Result<void> warm_up(const fs::path& socket) {
    show("warming up");
    EAI_CHECK(take_sample(socket, wish(), stop_));
    return {};
  }

  Result<void> measure(const fs::path& socket, Samples& into) {
    const auto done = eai_.size() + alone_.size();
    Bar bar;
    bar.label = subject_.model.name;
    bar.done = done;
    bar.total = 2 * rounds();
    bar.amount = std::to_string(done) + " of " + std::to_string(2 * rounds()) + " answers";
    display_.show(bar);
    EAI_TRY(const Sample sample, take_sample(socket, wish(), stop_));
    into.push_back(sample);
    return {};
  }

  SampleWish wish() {
    return {.model = subject_.model.hash,
            .prompt = random_prompt(subject_.prompt_tokens, subject_.alone.found.info.vocabulary, chance_),
            .tokens = context_.config.bench.tokens};
  }

  void show(const std::string& phase) {
    Bar bar;
    bar.label = subject_.model.name;
    bar.phase = phase;
    display_.show(bar);
  }

  Context& context_;
  const Subject& subject_;
  std::stop_token stop_;
  Turns turns_;
  ProgressDisplay display_;
  std::mt19937_64 chance_{1};
  Samples eai_, alone_;
};

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.2f" : value < 100 ? "%.1f" : "%.0f", value);
  return text;
}

// One figure of both sides.
struct Row {
  const char *key, *title, *unit;
  double Sample::*field;
  double factor;  // from the field to the unit
};
constexpr Row k_rows[] = {{"first_token_seconds", "first token", "ms", &Sample::first_token, 1000},
                          {"prompt_tokens_per_second", "prompt", "tokens/s", &Sample::prompt_rate, 1},
                          {"generated_tokens_per_second", "generation", "tokens/s", &Sample::rate, 1}};

Spread spread_of_field(const Samples& samples, double Sample::*field) {
  std::vector<double> values;
  for (const Sample& one : samples) values.push_back(one.*field);
  return spread_of(std::move(values));
}

std::string words_of(const Spread& spread, const Row& row) {
  return number(spread.median * row.factor) + " " + row.unit + " (" + number(spread.least * row.factor) + " to " +
         number(spread.most * row.factor) + ")";
}

json::object json_of(const Spread& spread) {
  return {{"median", spread.median}, {"least", spread.least}, {"most", spread.most}};
}

void report(const Context& context, const Subject& subject, const Bench& bench) {
  const bool alternating = bench.turns() == Turns::alternating;
  json::object out{{"model", subject.model.hash},
                   {"name", subject.model.name},
                   {"prompt_tokens", subject.prompt_tokens},
                   {"tokens", context.config.bench.tokens},
                   {"rounds", context.config.bench.rounds},
                   {"turns", alternating ? "alternating" : "apart"}};
  std::vector<std::vector<std::string>> rows;
  for (const Row& row : k_rows) {
    const Spread eai = spread_of_field(bench.eai(), row.field), alone = spread_of_field(bench.alone(), row.field);
    const double ratio = alone.median > 0 ? eai.median / alone.median : 0;  // 0: nothing was measured
    out[row.key] = json::object{
        {"eai", json_of(eai)}, {"engine", json_of(alone)}, {"ratio", ratio > 0 ? json::value(ratio) : json::value()}};
    rows.push_back({row.title, words_of(eai, row), words_of(alone, row), ratio > 0 ? number(ratio) : "-"});
  }
  context.out.event(out);
  if (context.out.json()) return;
  context.out.table({"WHAT", "EAI", "ENGINE ALONE", "RATIO"}, rows, 1);
  context.out.note("Medians of " + std::to_string(context.config.bench.rounds) +
                   " rounds, and the least and the most; " + std::to_string(subject.prompt_tokens) +
                   " tokens of prompt, " + std::to_string(context.config.bench.tokens) + " generated" +
                   (alternating ? "; both took turns" : "; one after the other, since both do not fit into memory"));
}

Result<void> bench_model(Context& context, const ReadyModel& model, const std::stop_token& stop) {
  EAI_TRY(const Subject subject, subject_of(context, model));
  Bench bench(context, subject, stop);
  EAI_CHECK(bench.run());
  report(context, subject, bench);
  return {};
}

// Who did not have a server before has none afterwards.
void stop_started(Context& context, const ReadyModel& model) {
  if (!model.started) return;
  const auto server = library::running_server(context.folders);
  if (!server || !*server) return;
  if (auto stopped = library::stop_server(context.folders, **server, library::k_stop_grace); !stopped)
    context.out.warning(stopped.error());
  else
    context.out.note("Stopped the server again.");
}

}  // namespace

Result<int> bench(Context& context) {
  if (context.words.models.size() != 1)
    return fail(Code::invalid, "say which model to measure, one at a time: eai bench eai-demo");
  Interrupt interrupt;
  const ModelWish wish{.name = context.words.models.front(),
                       .task = model::Task::chat,
                       .command = "eai bench",
                       .other = context.config.server.force ? OtherServer::is_replaced : OtherServer::stays};
  EAI_TRY(const auto model, ready_model(context, wish, interrupt));
  if (!model) {
    context.out.note("Stopped. What is verified is kept; run the same command to continue.");
    return k_interrupted;
  }
  const auto done = bench_model(context, *model, interrupt.token());
  stop_started(context, *model);
  if (interrupt.requested()) {
    context.out.note("Stopped.");
    return k_interrupted;
  }
  if (!done) return Failure(done.error());
  return 0;
}

}  // namespace eai::cli
