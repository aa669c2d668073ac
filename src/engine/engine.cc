#include "engine/engine.h"

#include <algorithm>
#include <array>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <signal.h>
#include <unistd.h>

#include "engine/engine_log.h"
#include "http/unix_client.h"
#include "util/log.h"
#include "util/task.h"

namespace eai::engine {

namespace asio = boost::asio;
using std::chrono::milliseconds;

namespace {

constexpr auto k_as_tuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t k_state_line_limit = 64 * k_kib;
constexpr milliseconds k_second_term{300}, k_kill{1000};
constexpr milliseconds k_first_probe{100}, k_longest_probe{1000}, k_probe_deadline{5000};
// Of one that says that it is ready: its socket may come a moment later, but not much.
constexpr milliseconds k_ready_probe{2}, k_socket_patience{3000};

}  // namespace

struct Engine::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& io, const EngineKind& of, fs::path socket_path, const fs::path& log_path,
       EngineEvents handlers)
      : context(io),
        kind(of),
        client(io),
        socket(std::move(socket_path)),
        log(log_path),
        events(std::move(handlers)),
        probe_timer(io),
        stop_timer(io) {}

  void spawned(Result<Child> result);
  asio::awaitable<void> watch_exit();
  asio::awaitable<void> read(bool diary);
  asio::awaitable<void> probe();
  asio::awaitable<void> end();
  void take(std::string_view bytes, bool diary);
  void take_output(std::string_view bytes);
  void read_rest();
  bool has_crashed(const Ending& ending) const;
  void finish(EngineExit exit);

  asio::io_context& context;
  const EngineKind& kind;
  http::UnixClient client;
  fs::path socket;
  EngineLog log;
  EngineEvents events;
  Child child;
  bool running = false, abandoned = false, stopping = false, told_ready = false;
  bool said_ready = false;  // by itself, on its output
  std::string line;         // of the standard output, unfinished
  std::string killed_because;
  asio::steady_timer probe_timer, stop_timer;
  std::optional<asio::posix::stream_descriptor> exit_event, output, diary;
};

Engine::Engine(asio::io_context& context, Spawner& spawner, const EngineKind& kind, Command command, fs::path socket,
               fs::path log, EngineEvents events)
    : impl_(std::make_shared<Impl>(context, kind, std::move(socket), log, std::move(events))) {
  ::unlink(impl_->socket.c_str());
  // The io_context must outlast the spawner, which calls back from its own thread.
  // Our own objects must not be destroyed there, so our reference travels on.
  spawner.spawn(std::move(command), [impl = impl_](Result<Child> result) mutable {
    auto shared = std::make_shared<Result<Child>>(std::move(result));
    asio::io_context& io = impl->context;
    asio::post(io, [impl = std::move(impl), shared] { impl->spawned(std::move(*shared)); });
  });
}

Engine::~Engine() {
  impl_->abandoned = true;
  impl_->events = {};
  if (impl_->running) signal_group(impl_->child.pid, SIGKILL);
  impl_->probe_timer.cancel();
  impl_->stop_timer.cancel();
  ::unlink(impl_->socket.c_str());
}

int Engine::pid() const { return impl_->running ? impl_->child.pid : 0; }

void Engine::stop() {
  if (std::exchange(impl_->stopping, true) || !impl_->running) return;  // not spawned yet: spawned() sees the flag
  asio::co_spawn(impl_->context, impl_->end(), Unawaited("the end of an engine"));
}

void Engine::kill(std::string why) {
  if (!impl_->running) return;
  impl_->killed_because = std::move(why);
  signal_group(impl_->child.pid, SIGKILL);
}

void Engine::Impl::spawned(Result<Child> result) {
  if (!result) {
    finish({result.error().message});
    return;
  }
  child = std::move(*result);
  running = true;
  if (const auto started = events.started) started(child.pid);
  exit_event.emplace(context, child.exit_event.release());
  output.emplace(context, child.output.release());
  diary.emplace(context, child.diary.release());
  asio::co_spawn(context, watch_exit(), Unawaited("the watch over an engine"));
  asio::co_spawn(context, read(false), Unawaited("the reading of an engine's output"));
  asio::co_spawn(context, read(true), Unawaited("the reading of an engine's log"));
  asio::co_spawn(context, probe(), Unawaited("the readiness check of an engine"));
  if (abandoned)
    signal_group(child.pid, SIGKILL);
  else if (stopping)
    asio::co_spawn(context, end(), Unawaited("the end of an engine"));
}

asio::awaitable<void> Engine::Impl::watch_exit() {
  const auto self = shared_from_this();
  while (running) {
    const auto [error] = co_await exit_event->async_wait(asio::posix::stream_descriptor::wait_read, k_as_tuple);
    if (error) co_return;  // the io_context ends
    const auto ending = reap(child.pid);
    if (!ending) continue;
    running = false;
    signal_group(child.pid, SIGKILL);  // grandchildren, if it left any
    read_rest();
    std::string words = killed_because.empty() ? "it " + ending->words() : killed_because;
    const std::string last = log.last_words();
    if (!last.empty()) words.append(k_last_words).append(last);
    finish({std::move(words), has_crashed(*ending)});
  }
}

// SIGKILL and the like come from outside: from a person, or from a kernel that is out of memory.
bool Engine::Impl::has_crashed(const Ending& ending) const {
  if (!killed_because.empty()) return true;
  if (stopping || abandoned) return false;
  if (!ending.by_signal) return true;
  constexpr std::array k_own = {SIGSEGV, SIGBUS, SIGABRT, SIGILL, SIGFPE, SIGTRAP, SIGSYS};
  return std::ranges::find(k_own, ending.number) != k_own.end();
}

asio::awaitable<void> Engine::Impl::read(bool from_diary) {
  const auto self = shared_from_this();
  auto& stream = from_diary ? *diary : *output;
  std::array<char, 8192> buffer;
  while (true) {
    const auto [error, count] = co_await stream.async_read_some(asio::buffer(buffer), k_as_tuple);
    if (error) co_return;
    take({buffer.data(), count}, from_diary);
  }
}

// Reads what is still in the pipes when the process has ended: its last words.
void Engine::Impl::read_rest() {
  for (const bool from_diary : {false, true}) {
    auto& stream = from_diary ? *diary : *output;
    std::array<char, 8192> buffer;
    boost::system::error_code error;
    while (const auto count = stream.read_some(asio::buffer(buffer), error)) take({buffer.data(), count}, from_diary);
    stream.close(error);
  }
}

void Engine::Impl::take(std::string_view bytes, bool from_diary) {
  if (from_diary)
    log.write(bytes);
  else
    take_output(bytes);
}

void Engine::Impl::take_output(std::string_view bytes) {
  for (const char c : bytes) {
    if (c != '\n') {
      if (line.size() < k_state_line_limit) line += c;
      continue;
    }
    const std::string whole = std::exchange(line, {});
    auto state = kind.read_line(whole);
    if (!state) {
      if (!whole.empty()) log.write(whole + "\n");
      continue;
    }
    if (const auto loading = events.loading; loading && state->fraction && !told_ready) loading(*state->fraction);
    if (const auto fitted = events.fitted; fitted && !state->fit.empty() && !told_ready) fitted(std::move(state->fit));
    if (!state->ready) continue;
    said_ready = true;
    probe_timer.cancel();  // ask at once
  }
}

asio::awaitable<void> Engine::Impl::probe() {
  const auto self = shared_from_this();
  milliseconds pause = k_first_probe;
  bool hurried = false;
  std::optional<std::chrono::steady_clock::time_point> unreachable;  // since when, after it said that it is ready
  while (running && !stopping && !abandoned) {
    if (said_ready && !std::exchange(hurried, true)) pause = k_ready_probe;
    probe_timer.expires_after(pause);
    co_await probe_timer.async_wait(k_as_tuple);  // cancelled when the engine says that it is ready
    if (!running || stopping || abandoned) break;
    pause = std::min(pause * 2, k_longest_probe);
    http::Ask question;
    question.target = kind.health;
    question.head_timeout = k_probe_deadline;
    const auto health = co_await client.fetch(socket, std::move(question));
    if (!running || stopping || abandoned) break;
    if (!health && health.error().code != Code::timeout && said_ready) {
      const auto now = std::chrono::steady_clock::now();
      if (!unreachable) unreachable = now;
      if (now - *unreachable >= k_socket_patience) {
        signal_group(child.pid, SIGKILL);
        killed_because = "it said that it is ready, but nothing can connect to its socket, so it was ended";
        co_return;
      }
      continue;
    }
    if (!health || health->status != 200) continue;
    told_ready = true;
    if (const auto ready = events.ready) ready();
    co_return;
  }
}

asio::awaitable<void> Engine::Impl::end() {
  const auto self = shared_from_this();
  child.input.reset();
  signal_group(child.pid, SIGTERM);
  stop_timer.expires_after(k_second_term);
  co_await stop_timer.async_wait(k_as_tuple);
  if (!running) co_return;
  signal_group(child.pid, SIGTERM);
  stop_timer.expires_after(k_kill);
  co_await stop_timer.async_wait(k_as_tuple);
  if (!running) co_return;
  log::warn("an engine (process {}) did not end on SIGTERM and is killed", child.pid);
  signal_group(child.pid, SIGKILL);
}

void Engine::Impl::finish(EngineExit exit) {
  running = false;
  child.input.reset();
  probe_timer.cancel();
  stop_timer.cancel();
  ::unlink(socket.c_str());
  const auto exited = std::exchange(events, {}).exited;
  if (exited) exited(std::move(exit));
}

}  // namespace eai::engine
