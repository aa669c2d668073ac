#include "util/peer.h"

#include <optional>

#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

namespace eai {
namespace {

std::optional<uid_t> peer_of(int fd) {
#ifdef SO_PEERCRED
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0 || size != sizeof peer) return std::nullopt;
  return peer.uid;
#else
  uid_t uid = 0;
  gid_t gid = 0;
  if (::getpeereid(fd, &uid, &gid) != 0) return std::nullopt;
  return uid;
#endif
}

}  // namespace

bool is_own_peer(int fd) { return peer_of(fd) == ::geteuid(); }

bool is_own_peer_or_root(int fd) {
  const auto peer = peer_of(fd);
  return peer == ::geteuid() || peer == uid_t{0};
}

}  // namespace eai
