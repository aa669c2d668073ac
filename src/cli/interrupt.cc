#include "cli/interrupt.h"

#include <array>
#include <atomic>
#include <csignal>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include "util/file.h"

namespace eai::cli {
namespace {

std::atomic<int> g_pipe = -1;  // a handler has nowhere else to look
std::atomic<bool> g_asked = false;
std::atomic<bool> g_second_ends = true;

extern "C" void eai_on_interrupt(int) {
  if (g_asked.exchange(true)) {
    if (g_second_ends) ::_exit(k_interrupted);
    return;
  }
  const int saved = errno;
  char byte = 's';
  [[maybe_unused]] ssize_t written = ::write(g_pipe, &byte, 1);
  errno = saved;
}

constexpr std::array<int, 3> k_signals = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

struct Interrupt::Watch {
  UniqueFd read_end, write_end;
  std::array<struct sigaction, k_signals.size()> before{};
  std::size_t signals = k_signals.size();  // the first so many
  std::thread thread;
};

Interrupt::Interrupt(Ends ends) : watch_(new Watch) {
  std::array<int, 2> sides{};
  if (::pipe(sides.data()) != 0) return;
  for (int fd : sides) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  watch_->read_end = UniqueFd(sides[0]);
  watch_->write_end = UniqueFd(sides[1]);
  g_pipe = sides[1];
  g_asked = false;
  g_second_ends = ends == Ends::program;
  if (ends == Ends::answer) watch_->signals = 1;
  watch_->thread = std::thread([this] {
    char byte = 0;
    while (::read(watch_->read_end.get(), &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte == 's') source_.request_stop();
  });
  struct sigaction action {};
  action.sa_handler = eai_on_interrupt;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < watch_->signals; ++i) ::sigaction(k_signals[i], &action, &watch_->before[i]);
}

Interrupt::~Interrupt() {
  if (watch_->thread.joinable()) {
    for (std::size_t i = 0; i < watch_->signals; ++i) ::sigaction(k_signals[i], &watch_->before[i], nullptr);
    char byte = 'q';
    [[maybe_unused]] ssize_t written = ::write(watch_->write_end.get(), &byte, 1);
    watch_->thread.join();
    g_pipe = -1;
  }
  delete watch_;
}

}  // namespace eai::cli
