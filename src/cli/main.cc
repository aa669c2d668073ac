#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include "cli/program.h"
#include "util/own_process.h"

namespace {

// Where one of the first three descriptors is closed (`>&-`), the next file or socket that is opened would get its
// number, and what is printed would go into it.
void fill_standard_streams() {
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF) (void)::open("/dev/null", O_RDWR);  // the lowest free one
  }
}

}  // namespace

int main(int argc, char** argv) {
  fill_standard_streams();
  eai::forbid_core_dumps();
  std::signal(SIGPIPE, SIG_IGN);  // a reader that left, or a client, is an error of one write
  std::signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error with a name, not an end without a word
  return eai::cli::run(argc, argv);
}
