// Why: the path of a Unix socket proves nothing about who is at its other end, so the system is asked.
// Thread: any; there is no shared state.
// Source: unix(7), SO_PEERCRED; on macOS and the BSDs getpeereid(3).
#pragma once

namespace eai {

// Whether the process at the other end of a connected Unix socket belongs to this user; of a socket that we have connected
// ourselves, whether the process that called listen(2) does. False also if that cannot be known.
bool is_own_peer(int fd);

// The same, or root, who can do anyway what this user can.
bool is_own_peer_or_root(int fd);

}  // namespace eai
