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

extern "C" void eai_on_interrupt(int) {
  int saved = errno;
  if (g_asked.exchange(true)) ::_exit(k_interrupted);
  char byte = 's';
  // A full pipe already says it.
  [[maybe_unused]] ssize_t written = ::write(g_pipe, &byte, 1);
  errno = saved;
}

constexpr std::array<int, 3> k_signals = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

struct Interrupt::Watch {
  UniqueFd read_end, write_end;
  std::array<struct sigaction, k_signals.size()> before{};
  std::thread thread;
};

Interrupt::Interrupt() : watch_(new Watch) {
  std::array<int, 2> ends{};
  if (::pipe(ends.data()) != 0) return;
  for (int fd : ends) ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  watch_->read_end = UniqueFd(ends[0]);
  watch_->write_end = UniqueFd(ends[1]);
  g_pipe = ends[1];
  g_asked = false;
  watch_->thread = std::thread([this] {
    char byte = 0;
    while (::read(watch_->read_end.get(), &byte, 1) < 0 && errno == EINTR) {
    }
    if (byte == 's') source_.request_stop();
  });
  struct sigaction action {};
  action.sa_handler = eai_on_interrupt;
  action.sa_flags = SA_RESTART;
  for (std::size_t i = 0; i < k_signals.size(); ++i) ::sigaction(k_signals[i], &action, &watch_->before[i]);
}

Interrupt::~Interrupt() {
  if (watch_->thread.joinable()) {
    for (std::size_t i = 0; i < k_signals.size(); ++i) ::sigaction(k_signals[i], &watch_->before[i], nullptr);
    char byte = 'q';
    [[maybe_unused]] ssize_t written = ::write(watch_->write_end.get(), &byte, 1);
    watch_->thread.join();
    g_pipe = -1;
  }
  delete watch_;
}

}  // namespace eai::cli
