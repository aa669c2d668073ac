#include "engine/process.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

#include <signal.h>
#include <sys/wait.h>

#include "engine/spawn.h"

extern char** environ;

namespace eai::engine {

Spawner::Spawner() : thread_([this] { work(); }) {}

Spawner::~Spawner() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Spawner::spawn(Command command, std::function<void(Result<Child>)> done) {
  const std::lock_guard lock(mutex_);
  jobs_.push_back([command = std::move(command), done = std::move(done)] { done(engine::spawn(command)); });
  changed_.notify_one();
}

void Spawner::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ending_ || !jobs_.empty(); });
    if (ending_) return;
    const auto jobs = std::exchange(jobs_, {});
    lock.unlock();
    for (const auto& job : jobs) job();
    lock.lock();
  }
}

std::string Ending::words() const {
  if (!by_signal) return "exited with status " + std::to_string(number);
  return "was killed by signal " + std::to_string(number) + " (" + ::strsignal(number) + ")";
}

std::optional<Ending> reap(pid_t pid) {
  int status = 0;
  pid_t got = 0;
  do got = ::waitpid(pid, &status, WNOHANG);
  while (got < 0 && errno == EINTR);
  if (got == 0) return std::nullopt;
  if (got < 0) return Ending{};
  if (WIFSIGNALED(status)) return Ending{.by_signal = true, .number = WTERMSIG(status)};
  return Ending{.by_signal = false, .number = WEXITSTATUS(status)};
}

void signal_group(pid_t group, int signal) {
  if (group > 1) ::kill(-group, signal);
}

std::vector<std::pair<std::string, std::string>> clean_environment() {
  static constexpr std::string_view k_names[] = {
      "PATH", "HOME", "LANG", "TMPDIR", "TZ", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"};
  static constexpr std::string_view k_prefixes[] = {"LC_",   "OMP_", "GOMP_", "CUDA_", "NVIDIA_",  "HIP_",
                                                    "ROCR_", "HSA_", "VK_",   "MESA_", "GGML_VK_", "GGML_CUDA_"};
  std::vector<std::pair<std::string, std::string>> kept;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = text.substr(0, equals);
    bool wanted = false;
    for (const auto known : k_names) wanted = wanted || name == known;
    for (const auto prefix : k_prefixes) wanted = wanted || name.starts_with(prefix);
    if (wanted) kept.emplace_back(name, text.substr(equals + 1));
  }
  // After a crash ggml would start a debugger, which takes seconds and leaves the debugger's words instead of its own.
  kept.emplace_back("GGML_NO_BACKTRACE", "1");
  // For glibc; others ignore it. Large blocks go back to the system when they are freed. Without it an engine whose requests
  // grow keeps all its earlier buffers.
  kept.emplace_back("MALLOC_MMAP_THRESHOLD_", "1048576");
  // For libgomp: how long a ready thread spins while it waits for the others. The default of some milliseconds is a waste as
  // soon as anyone else wants the core: two engines that answer at once, or one beside a compiler, drop to a tenth of their
  // speed. About 50 us bridge the steps of one answer just as well. A user's own choice is respected.
  const auto chosen = [](const auto& one) { return one.first == "GOMP_SPINCOUNT" || one.first == "OMP_WAIT_POLICY"; };
  if (std::ranges::none_of(kept, chosen)) kept.emplace_back("GOMP_SPINCOUNT", "1000");
  return kept;
}

}  // namespace eai::engine
