// Why: a socket that no child inherits, on systems with and without SOCK_CLOEXEC.
// Thread: any; no shared state.
#pragma once

#include "util/file.h"

namespace eai {

// socket(2), closed on exec. Empty, with errno set, on failure.
UniqueFd make_socket(int family, int type, int protocol = 0);

}  // namespace eai
