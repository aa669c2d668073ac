#include "cli/server.h"

#include <csignal>
#include <ctime>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json.hpp>
#include <sched.h>
#include <unistd.h>

#include "admin/routes.h"
#include "api/api.h"
#include "cli/hint_words.h"
#include "cli/interrupt.h"
#include "cli/job_kinds.h"
#include "cli/server_share.h"
#include "engine/pool.h"
#include "http/listeners.h"
#include "http/server.h"
#include "library/check.h"
#include "library/running.h"
#include "page/page.h"
#include "store/file_names.h"
#include "util/log.h"
#include "util/program_pages.h"
#include "util/task.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

log::Level level_of(std::string_view name) {
  if (name == "debug") return log::Level::debug;
  if (name == "info") return log::Level::info;
  if (name == "warn") return log::Level::warn;
  return name == "error" ? log::Level::error : log::Level::off;
}

std::vector<engine::ModelSpec> specs_of(const library::ServerPlan& plan) {
  std::vector<engine::ModelSpec> out;
  for (const library::PlannedModel& planned : plan.models) out.push_back(planned.spec);
  return out;
}

engine::PoolOptions pool_options(const library::ServerPlan& plan, const Config& config, const Folders& folders) {
  engine::PoolOptions out;
  out.run_folder = folders.run;
  out.log_folder = library::engine_logs_of(folders);
  out.measured_file = store::HomePaths{folders.home}.measured();
  out.fits_file = store::HomePaths{folders.home}.fits();
  out.programs = plan.engines.programs();
  if (!config.server.keep_private && config.server.kv_cache_limit.bytes > 0)
    out.slot_folder = library::conversations_of(folders);
  out.slot_limit = config.server.kv_cache_limit.bytes;
  out.verify = library::verifier(
      folders.home, library::verify_on_load_of(config.server.verify_on_load).value_or(library::VerifyOnLoad::off));
  out.memory_budget = config.server.memory_limit.bytes;
  out.devices = plan.devices;
  out.start_timeout = std::chrono::seconds(config.server.start_timeout);
  out.idle_timeout = std::chrono::seconds(config.server.idle_timeout);
  out.stop_grace = library::k_stop_grace;
  out.max_resident = static_cast<std::uint32_t>(config.server.max_models);
  out.patience = std::chrono::seconds(config.server.patience);
  out.queue_limit = static_cast<std::uint32_t>(config.server.queue_limit);
  return out;
}

admin::Jobs::Options jobs_options(const Folders& folders) {
  admin::Jobs::Options out;
  out.file = store::HomePaths{folders.home}.jobs();
  return out;
}

std::vector<api::ServedModel> served_of(const library::ServerPlan& plan) {
  std::vector<api::ServedModel> out;
  for (const library::PlannedModel& planned : plan.models) {
    const store::Model& model = planned.model;
    out.push_back({model.id.str(), model.metadata.folder_name, model.metadata.task, model.metadata.ram_gb,
                   model.projector().has_value(), model.created});
  }
  return out;
}

// Where a server listens: `host` as its owner named it, and the addresses that it has bound.
struct Place {
  std::string host;
  std::vector<std::string> addresses;
  bool is_exposed() const { return !http::are_loopback(addresses); }
};

api::ApiOptions api_options(const Config& config, const Place& place, const Folders& folders, ServerShare& share) {
  using namespace api;
  ApiOptions out;
  out.select.names = config.server.model_names ? NameRule::names : NameRule::hashes;
  out.select.unknown = config.server.strict_models ? UnknownRule::strict : UnknownRule::fall_back;
  out.hosts.names = config.server.allow_hosts;
  out.hosts.names.push_back(lower(place.host));
  if (place.is_exposed()) {
    out.hosts.reach = http::Reach::network;
    for (std::string& name : http::machine_names()) out.hosts.names.push_back(std::move(name));
  }
  for (const std::string& origin : config.server.allow_origins) {
    if (auto pattern = http::OriginPattern::parse(origin)) out.origins.push_back(*std::move(pattern));
  }
  out.api_keys = config.server.api_keys;
  if (config.server.allow_private_images) out.remote_images = RemoteImages::anywhere;
  if (config.fetch.offline || !config.server.remote_images) out.remote_images = RemoteImages::none;
  if (config.server.request_log) out.request_log = folders.state / "requests.log";
  out.share = {[&share] { return share.status(); }, [&share] { return share.metrics(); }};
  out.version = EAI_VERSION;
  return out;
}

// The page that a browser gets.
std::vector<api::OpenFile> page_files() {
  return {
      {"/", "text/html, text/plain", "Gives the page to browsers, and says to others that the server is running.",
       [](std::string_view, const http::Incoming& request) { return page::answer_root(request.headers); }},
      {"/page/{file}", "text/javascript, text/css, font/woff2, image/svg+xml", "Gives a file of the page.",
       [](std::string_view name, const http::Incoming& request) { return page::answer_file(name, request.headers); }}};
}

library::ServerRecord record_of(const library::ServerPlan& plan, const Config& config, const Place& place,
                                std::uint16_t port) {
  library::ServerRecord out;
  out.pid = static_cast<int>(::getpid());
  // An address is the same for every client; "localhost" is not.
  const bool own = http::is_localhost(lower(place.host)) || place.host.starts_with('[');
  out.host = own ? place.addresses.front() : place.host;
  out.addresses = place.addresses;
  out.port = port;
  if (!plan.models.empty()) out.main_model = plan.models.front().model.id.str();
  out.serves_all = plan.serves_all;
  for (const library::PlannedModel& planned : plan.models) {
    out.models.push_back(planned.model.id.str());
    out.names.push_back(planned.name);
  }
  out.encrypted = !config.server.tls_certificate.empty();
  out.started = static_cast<std::int64_t>(std::time(nullptr));
  return out;
}

json::object ready_event(const library::ServerPlan& plan, const library::ServerRecord& record, const Folders& folders) {
  json::array models;
  for (const library::PlannedModel& planned : plan.models) {
    models.push_back(json::object{{"hash", planned.model.id.str()},
                                  {"name", planned.name},
                                  {"folder_name", planned.model.metadata.folder_name},
                                  {"task", model::name_of(planned.model.metadata.task)}});
  }
  json::object out{{"event", "ready"},
                   {"url", record.address()},
                   {"host", record.host},
                   {"addresses", json::array(record.addresses.begin(), record.addresses.end())},
                   {"port", record.port},
                   {"pid", record.pid},
                   {"hash", record.main_model},
                   {"models", std::move(models)},
                   {"log", library::server_log_of(folders).string()}};
  if (plan.models.empty()) return out;
  const library::PlannedModel& main = plan.models.front();
  out["name"] = main.name;
  out["task"] = model::name_of(main.model.metadata.task);
  return out;
}

// One server from start to end, on one thread.
class Server {
 public:
  Server(library::ServerPlan plan, Config config, const Folders& folders, const Tell& tell, const ReadAgain& read_again)
      : plan_(std::move(plan)),
        config_(std::move(config)),
        folders_(folders),
        tell_(tell),
        read_again_(read_again),
        pool_(context_, pool_options(plan_, config_, folders), specs_of(plan_)),
        jobs_(context_, jobs_options(folders), job_maker(folders), [this](const admin::JobRecord&) { reload(); }),
        api_(context_, pool_, served_of(plan_), api_options(config_, {config_.server.host, {}}, folders, share_),
             page_files()),
        strangers_(context_, http::Limits{}, api_.handlers()),
        administration_(context_, http::Limits{}, api_.admin_handlers([this] { ask_to_end(); }, admin::routes(jobs_))) {
  }

  Result<void> run(const library::ServerSeat& seat) {
    const http::TlsFiles tls{config_.server.tls_certificate, config_.server.tls_key};
    EAI_TRY(std::uint16_t port,
            strangers_.listen_tcp(config_.server.host, static_cast<std::uint16_t>(config_.server.port),
                                  config_.server.tls_certificate.empty() ? nullptr : &tls));
    EAI_TRY(const fs::path private_socket, library::socket_of(folders_));
    EAI_CHECK(administration_.listen_unix(private_socket));
    place_ = {config_.server.host, strangers_.addresses()};
    if (auto refused = lets_strangers_in(config_))
      return Failure(*std::move(refused));  // a name has changed its meaning
    api_.reload(api_options(config_, place_, folders_, share_), served_of(plan_));
    record_ = record_of(plan_, config_, place_, port);
    EAI_CHECK(seat.announce(record_));
    seat_ = &seat;
    for (const library::Note& note : plan_.notes) log::warn("{}", words_of_note(note.text, note.hint));
    log::info("server {} on {} with {} models", record_.pid, record_.address(), plan_.models.size());
    await_signal();
    share_.take(config_.share);
    if (config_.server.preload && !plan_.models.empty()) {
      asio::co_spawn(context_, load_main(),
                     asio::bind_cancellation_slot(give_up_.slot(), Unawaited("the start of the main model")));
    } else {
      tell_(ready_event(plan_, record_, folders_));
    }
    asio::co_spawn(context_, jobs_.begin(), Unawaited("the jobs of the server before"));
    asio::co_spawn(context_, end_when_asked(), Unawaited("the end of the server"));
    work();
    log::info("server {} has stopped", record_.pid);
    return std::move(outcome_);
  }

 private:
  // Many clients at once: what comes next is mostly there a few microseconds later, while a sleep and its end cost more
  // than that. Others that want the core get it first.
  void work() {
    constexpr std::size_t k_many = 16;
    constexpr int k_looks = 8;
    while (!context_.stopped()) {
      std::size_t done = context_.run_one();
      done += context_.poll();
      for (int looks = 0; done >= k_many && looks < k_looks && !context_.stopped(); ++looks) {
        ::sched_yield();
        if (const std::size_t more = context_.poll(); more > 0) looks = 0;
      }
    }
  }

  void await_signal() {
    signals_.async_wait([this](boost::system::error_code error, int signal) {
      if (error) return;
      if (signal == SIGHUP && !(in_terminal_ && ::isatty(STDERR_FILENO) == 0)) {
        reload();
        return await_signal();
      }
      if (ending_) ::_exit(k_interrupted);  // the engines go with their parent
      log::info("signal {}: ending", signal);
      ask_to_end();
      await_signal();
    });
  }

  void ask_to_end() {
    if (ending_) return;
    ending_ = true;
    give_up_.emit(asio::cancellation_type::terminal);
    asked_.cancel();
  }

  void reload() {
    if (ending_ || std::exchange(reading_, true)) {
      once_more_ = !ending_;
      return;
    }
    asio::post(helper_, [this] {
      auto fresh = std::make_shared<Result<Fresh>>(read_again_());
      asio::post(context_, [this, fresh] {
        reading_ = false;
        if (!ending_) take(std::move(*fresh));
        if (std::exchange(once_more_, false)) reload();
      });
    });
  }

  // Whether these settings would let everybody in, at the addresses that are bound, without their owner having said so.
  std::optional<Error> lets_strangers_in(const Config& config) const {
    if (!place_.is_exposed() || !config.server.api_keys.empty() || config.server.no_auth) return std::nullopt;
    return Error{Code::invalid, "other machines reach this server, so it needs API keys"};
  }

  void take(Result<Fresh> fresh) {
    if (fresh) {
      if (auto refused = lets_strangers_in(fresh->config)) fresh = Failure(*std::move(refused));
    }
    if (!fresh) {
      log::error("the configuration was read again and cannot be used: {}", words_of(fresh.error()));
      return;
    }
    Config& config = fresh->config;
    if (config.server.host != config_.server.host || config.server.port != config_.server.port ||
        config.server.tls_certificate != config_.server.tls_certificate ||
        config.server.tls_key != config_.server.tls_key)
      log::warn("host, port and certificate change only when the server is started again");
    config_ = std::move(config);
    plan_ = std::move(fresh->plan);
    log::set_level(level_of(config_.output.log_level));
    for (const library::Note& note : plan_.notes) log::warn("{}", words_of_note(note.text, note.hint));
    pool_.reload(pool_options(plan_, config_, folders_), specs_of(plan_));
    api_.reload(api_options(config_, place_, folders_, share_), served_of(plan_));
    share_.take(config_.share);
    library::ServerRecord record = record_of(plan_, config_, place_, record_.port);
    record.encrypted = record_.encrypted;
    record.started = record_.started;
    record_ = std::move(record);
    if (auto told = seat_->announce(record_); !told) log::error("{}", told.error().message);
    log::info("the configuration was read again: {} models", plan_.models.size());
    let_go_of_program_pages();
  }

  asio::awaitable<void> load_main() {
    const library::PlannedModel main = plan_.models.front();
    engine::LeaseRequest request;
    request.model_id = main.model.id.str();
    // The pool gives up its start first, and knows better why.
    request.deadline =
        std::chrono::steady_clock::now() + std::chrono::seconds(config_.server.start_timeout) + library::k_stop_grace;
    request.on_news = [this, &main](const engine::WaitNews& news) {
      tell_({{"event", "loading"}, {"name", main.name}, {"phase", news.phase}, {"fraction", news.fraction}});
    };
    auto lease = co_await pool_.lease(std::move(request));
    if (ending_) co_return;
    if (lease) {
      let_go_of_program_pages();
      tell_(ready_event(plan_, record_, folders_));
      co_return;
    }
    Error why = std::move(lease).error().with(main.name);
    if (why.hint == Hint::repair_model) why.about = main.name;
    outcome_ = Failure(std::move(why));
    log::error("{}", words_of(outcome_.error()));
    // Later: it cancels this coroutine, which shall have ended by then.
    asio::post(context_, [this] { ask_to_end(); });
  }

  asio::awaitable<void> end_when_asked() {
    boost::system::error_code ended;
    co_await asked_.async_wait(asio::redirect_error(asio::use_awaitable, ended));
    constexpr std::chrono::seconds k_for_jobs{5};
    jobs_.ask_to_stop();
    co_await strangers_.stop(library::k_stop_grace);
    co_await pool_.stop();
    co_await jobs_.stopped(k_for_jobs);
    co_await administration_.stop(std::chrono::milliseconds(0));
    context_.stop();  // timers that still wait have nothing left to do
  }

  library::ServerPlan plan_;
  Config config_;
  const Folders& folders_;
  const Tell& tell_;
  const ReadAgain& read_again_;
  // All sockets and timers belong to this one thread; others only post to it.
  asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO};
  asio::signal_set signals_{context_, SIGINT, SIGTERM, SIGHUP};
  asio::steady_timer asked_{context_, asio::steady_timer::time_point::max()};
  asio::cancellation_signal give_up_;
  engine::Pool pool_;
  ServerShare share_{folders_};
  admin::Jobs jobs_;
  api::Api api_;
  http::Server strangers_, administration_;
  const library::ServerSeat* seat_ = nullptr;
  Place place_;
  library::ServerRecord record_;
  Result<void> outcome_;
  bool ending_ = false, reading_ = false, once_more_ = false;
  const bool in_terminal_ = config_.server.foreground && ::isatty(STDERR_FILENO) == 1;
  asio::thread_pool helper_{1};  // reads the configuration again; last: it uses all above
};

}  // namespace

Result<void> run_server(library::ServerPlan plan, Config config, const Folders& folders, const Tell& tell,
                        const ReadAgain& read_again) {
  log::set_level(level_of(config.output.log_level));
  EAI_CHECK(OwnFolder::make(folders.state, Privacy::secret));
  // Before the pool is made: it ends what it takes for the leftovers of a dead server.
  EAI_TRY(library::ServerSeat seat, library::ServerSeat::take(folders));
  Server server(std::move(plan), std::move(config), folders, tell, read_again);
  return server.run(seat);
}

}  // namespace eai::cli
