#include <cerrno>
#include <csignal>
#include <utility>

#include <sys/sendfile.h>

#include "http/send_file.h"

namespace eai::http {

// A client that has left would end the program: unlike send(2), this call cannot say that it wants no signal.
static void want_no_signals() {
  static thread_local bool done = false;
  if (std::exchange(done, true)) return;
  sigset_t broken_pipe;
  ::sigemptyset(&broken_pipe);
  ::sigaddset(&broken_pipe, SIGPIPE);
  ::pthread_sigmask(SIG_BLOCK, &broken_pipe, nullptr);
}

std::uint64_t send_file(int socket, int file, std::uint64_t offset, std::uint64_t count,
                        boost::system::error_code& failure) {
  want_no_signals();
  auto at = static_cast<off_t>(offset);
  ssize_t done = 0;
  do {
    done = ::sendfile(socket, file, &at, count);
  } while (done < 0 && errno == EINTR);
  if (done >= 0) return static_cast<std::uint64_t>(done);
  failure.assign(errno, boost::system::system_category());
  return 0;
}

}  // namespace eai::http
