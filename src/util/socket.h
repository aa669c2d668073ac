// Why: child processes must not inherit our sockets, and not every system has SOCK_CLOEXEC.
// Thread: any; there is no shared state.
#pragma once

#include "util/file.h"

namespace eai {

// socket(2) with close-on-exec. On failure the result is empty and errno is set.
UniqueFd make_socket(int family, int type, int protocol = 0);

}  // namespace eai
