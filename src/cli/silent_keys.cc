#include "cli/silent_keys.h"

#include <cerrno>

#include <termios.h>
#include <unistd.h>

namespace eai::cli {
namespace {

struct termios g_loud, g_silent;  // a handler has nowhere else to look

constexpr std::array<int, 4> k_signals = {SIGTSTP, SIGTERM, SIGHUP, SIGQUIT};

extern "C" void eai_on_signal_in_answer(int signal);

void take(int signal, struct sigaction* before) {
  struct sigaction action {};
  action.sa_handler = eai_on_signal_in_answer;
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, before);
  if (before != nullptr && before->sa_handler == SIG_IGN) ::sigaction(signal, before, nullptr);  // as nohup has it
}

// Everything here may be called in a handler.
extern "C" void eai_on_signal_in_answer(int signal) {
  const int saved = errno;
  ::tcsetattr(STDIN_FILENO, TCSANOW, &g_loud);
  struct sigaction usual {};
  usual.sa_handler = SIG_DFL;
  ::sigaction(signal, &usual, nullptr);
  ::kill(::getpid(), signal);
  sigset_t one;
  ::sigemptyset(&one);
  ::sigaddset(&one, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &one, nullptr);  // here the program ends, or stops until it is continued
  take(signal, nullptr);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &g_silent);
  errno = saved;
}

}  // namespace

SilentKeys::SilentKeys() {
  if (::tcgetattr(STDIN_FILENO, &g_loud) != 0) return;
  g_silent = g_loud;
  g_silent.c_lflag &= ~static_cast<tcflag_t>(ECHO | ICANON);
  g_silent.c_iflag &= ~static_cast<tcflag_t>(ICRNL);
  g_silent.c_cc[VMIN] = 1;
  g_silent.c_cc[VTIME] = 0;
  for (std::size_t i = 0; i < k_signals.size(); ++i) take(k_signals[i], &before_[i]);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &g_silent);
  active_ = true;
}

SilentKeys::~SilentKeys() {
  if (!active_) return;
  for (std::size_t i = 0; i < k_signals.size(); ++i) ::sigaction(k_signals[i], &before_[i], nullptr);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &g_loud);
}

}  // namespace eai::cli
