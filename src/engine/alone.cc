#include "engine/alone.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

#include "engine/engine_life.h"

namespace eai::engine {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds k_look{50};
constexpr std::chrono::seconds k_grace{5};

}  // namespace

struct AloneEngine::Impl {
  explicit Impl(const AloneOptions& options)
      : home(std::make_shared<EngineHome>(context, options.run_folder, options.log_folder)) {
    LifeEvents events;
    events.loading = [] {};
    events.ready = [this](EngineRun) { tell(State::ready, {}); };
    events.exited = [this](EngineRun, const EngineExit& exit) { tell(State::ended, exit.words); };
    life = std::make_shared<EngineLife>(home, "alone", std::move(events));
  }

  enum class State { starting, ready, ended };
  void tell(State now, std::string why) {
    const std::scoped_lock lock(mutex);
    state = now;
    words = std::move(why);
    changed.notify_all();
  }

  Result<void> wait_until_ready(std::chrono::seconds patience, const std::stop_token& stop) {
    const auto deadline = Clock::now() + patience;
    std::unique_lock lock(mutex);
    while (state == State::starting) {
      changed.wait_for(lock, k_look);
      if (stop.stop_requested()) return fail(Code::cancelled, "stopped");
      if (Clock::now() > deadline) return fail(Code::timeout, "the engine alone did not get ready in time");
    }
    if (state == State::ended) return fail(Code::io, "the engine alone has ended: " + words);
    return {};
  }

  boost::asio::io_context context{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work = make_work_guard(context);
  std::shared_ptr<EngineHome> home;
  std::shared_ptr<EngineLife> life;
  std::mutex mutex;
  std::condition_variable changed;
  State state = State::starting;
  std::string words;  // how it ended
  std::thread thread;
};

AloneEngine::AloneEngine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

AloneEngine::~AloneEngine() {
  boost::asio::post(impl_->context, [life = impl_->life] { life->stop(); });
  {
    std::unique_lock lock(impl_->mutex);
    impl_->changed.wait_for(lock, k_grace, [&] { return impl_->state == Impl::State::ended; });
  }
  impl_->context.stop();
  impl_->thread.join();
  impl_->life->end_now();
}

fs::path AloneEngine::socket() const { return impl_->life->socket(); }

Result<std::unique_ptr<AloneEngine>> AloneEngine::start(const AloneOptions& options, const std::stop_token& stop) {
  std::unique_ptr<AloneEngine> out(new AloneEngine(std::make_unique<Impl>(options)));
  Impl& impl = *out->impl_;
  impl.thread = std::thread([&impl] { impl.context.run(); });
  boost::asio::post(impl.context, [&impl, &options] {
    const Launch& launch = options.found.launch;
    const std::uint64_t limit = launch.on_device ? 0 : memory_limit(options.found.memory, launch);
    impl.life->start(1, kind_of(options.spec.task), options.program, options.spec, launch, limit);
  });
  EAI_CHECK(impl.wait_until_ready(options.patience, stop));
  return out;
}

}  // namespace eai::engine
