#include "util/socket.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace eai {

UniqueFd make_socket(int family, int type, int protocol) {
  UniqueFd fd(::socket(family, type, protocol));
  if (fd) ::fcntl(fd.get(), F_SETFD, FD_CLOEXEC);
  return fd;
}

}  // namespace eai
