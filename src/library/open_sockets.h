// Why: "eai connects to nobody" is a promise that the system itself can confirm: it knows which sockets each process has.
// Thread: any; reads the system's tables.
// What holds: it is what was open at that moment. Unix sockets are left out, since they lead nowhere else.
// Source: proc(5): /proc/<pid>/fd, /proc/<pid>/net/tcp, tcp6, udp, udp6, /proc/<pid>/stat.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "util/result.h"

namespace eai::library {

struct Endpoint {
  std::string address;  // "127.0.0.1", "::1"
  std::uint16_t port = 0;
  bool loopback = false;
};

struct OpenSocket {
  pid_t pid = 0;
  std::string protocol;  // "tcp", "udp"
  Endpoint own, peer;
  bool listens = false;  // it has no peer
  bool leads_away() const { return !listens && !peer.loopback; }
  bool lets_others_in() const { return listens && !own.loopback; }
};

// The process and all that descend from it.
std::vector<pid_t> family_of(pid_t process);

// Code::unsupported: this system does not tell. A process that has ended has none.
Result<std::vector<OpenSocket>> sockets_of(const std::vector<pid_t>& processes);

// Exposed for tests: a table such as /proc/net/tcp, by inode. Lines that cannot be read are left out.
std::map<std::uint64_t, OpenSocket> parse_sockets(std::string_view table, std::string_view protocol);

}  // namespace eai::library
