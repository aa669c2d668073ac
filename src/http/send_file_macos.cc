#include <cerrno>

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "http/send_file.h"

namespace eai::http {

// Here the call tells how much it sent even where it fails because the socket takes no more.
std::uint64_t send_file(int socket, int file, std::uint64_t offset, std::uint64_t count,
                        boost::system::error_code& failure) {
  auto done = static_cast<off_t>(count);
  const int result = ::sendfile(file, socket, static_cast<off_t>(offset), &done, nullptr, 0);
  if (result != 0 && done == 0) failure.assign(errno, boost::system::system_category());
  return static_cast<std::uint64_t>(done);
}

}  // namespace eai::http
