#include "engine/engine_life.h"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>

#include "engine/leftovers.h"
#include "util/folders.h"
#include "util/log.h"
#include "util/task.h"
#include "util/text.h"

namespace eai::engine {

namespace asio = boost::asio;

namespace {

constexpr std::chrono::seconds k_measure_least{1};

Result<OwnFolder> folder_of_sockets(const fs::path& run_folder) {
  EAI_TRY(const fs::path path, socket_folder(run_folder));
  return OwnFolder::open(path, Privacy::secret);
}

Time now() { return std::chrono::steady_clock::now(); }

}  // namespace

EngineHome::EngineHome(asio::io_context& io, const fs::path& run_folder, fs::path log_folder)
    : context(io), sockets(folder_of_sockets(run_folder)), logs(std::move(log_folder)), client(io) {
  if (auto made = OwnFolder::make(logs, Privacy::secret); !made) log::error("{}", made.error().message);
  if (sockets)
    sweep_leftovers(*sockets);
  else
    log::error("engines cannot be started: {}", sockets.error().message);
}

EngineLife::EngineLife(std::shared_ptr<EngineHome> home, std::string name, LifeEvents events)
    : home_(std::move(home)),
      name_(std::move(name)),
      socket_(home_->sockets ? (home_->sockets->path() / (name_ + ".sock")).string() : ""),
      events_(std::move(events)) {}

void EngineLife::start(EngineRun run, const EngineKind& kind, const fs::path& program, const ModelSpec& spec,
                       const Launch& launch, std::uint64_t memory_limit) {
  run_ = run;
  kind_ = &kind;
  folder_name_ = spec.folder_name;
  fraction_ = 0;
  fit_.clear();
  started_at_ = now();
  ++starts_;
  if (!home_->sockets) {  // nobody's word is taken for an engine's
    const auto refused = [self = shared_from_this(), run] {
      if (self->run_ == run) self->ended({self->home_->sockets.error().message});
    };
    asio::post(home_->context, refused);
    return;
  }
  const OwnFolder& sockets = *home_->sockets;
  Command command;
  command.program = program;
  command.arguments = kind.arguments(spec, launch, name_ + ".sock");
  command.environment = clean_environment();
  command.environment.insert(command.environment.end(), kind.environment.begin(), kind.environment.end());
  if (!kind.fit_variable.empty()) command.environment.emplace_back(kind.fit_variable, launch.known_fit);
  command.folder = sockets.path();
  command.memory_limit = memory_limit;
  EngineEvents events;
  events.started = [this](int pid) { record_engine(*home_->sockets, name_, pid); };
  events.loading = [this](double fraction) {
    fraction_ = fraction;
    events_.loading();
  };
  events.fitted = [this](std::string fit) { fit_ = std::move(fit); };
  events.ready = [this] {
    record_engine(*home_->sockets, name_, pid());  // once more: a script may have become the engine since
    events_.ready(run_);
  };
  events.exited = [this](const EngineExit& exit) { ended(exit); };
  const fs::path log = home_->logs / ((folder_name_.empty() ? name_ : folder_name_) + ".log");
  engine_ = std::make_shared<Engine>(home_->context, *home_->spawner, kind, std::move(command), socket_, log,
                                     std::move(events));
}

void EngineLife::serve() {
  const std::chrono::duration<double> load = now() - started_at_;
  last_load_seconds_ = load.count();
  ready_since_ = std::chrono::system_clock::now();
  log::info("{} is ready after {:.2f} s", folder_name_, load.count());
}

bool EngineLife::end_service() { return std::exchange(ready_since_, {}) != std::chrono::system_clock::time_point{}; }

void EngineLife::stop() {
  if (engine_) engine_->stop();
}

void EngineLife::end_now() {
  if (engine_) forget_engine(*home_->sockets, name_);
  engine_.reset();
}

void EngineLife::ended(const EngineExit& exit) {
  end_now();
  ready_since_ = {};
  memory_now_ = 0;
  events_.exited(run_, exit);
}

std::optional<std::uint64_t> EngineLife::measure(const MemoryEstimate& estimate) {
  if (now() < measured_at_ + k_measure_least || pid() == 0) return std::nullopt;
  const MemoryUse use = memory_of(pid());
  if (use.own == 0) return std::nullopt;  // it has just died
  measured_at_ = now();
  memory_now_ = needed_bytes(estimate, use.own, use.mapped);
  return memory_now_;
}

void EngineLife::check(const SilenceLimits& limits) {
  if (!engine_) return;
  const auto about = [&](std::string_view question, std::chrono::milliseconds limit, bool EngineLife::*asking) {
    if (question.empty() || std::exchange(this->*asking, true)) return;
    asio::co_spawn(home_->context, ask(question, limit, asking), Unawaited("the health check of an engine"));
  };
  about(kind_->health, limits.engine, &EngineLife::asking_health_);
  about(kind_->progress, limits.computing, &EngineLife::asking_progress_);
}

asio::awaitable<void> EngineLife::ask(std::string_view question, std::chrono::milliseconds limit,
                                      bool EngineLife::*asking) {
  const auto self = shared_from_this();
  const EngineRun run = run_;
  http::Ask ask;
  ask.target = question;
  ask.head_timeout = limit;
  const auto reply = co_await home_->client.fetch(socket_, std::move(ask));
  this->*asking = false;
  if (reply || reply.error().code != Code::timeout || !runs(run)) co_return;
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(limit);
  engine_->kill("it did not answer for " + human_duration(seconds) + " and was ended");
}

}  // namespace eai::engine
