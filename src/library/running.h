// Why: each user has one server; every command can find it, and never takes a dead one for a live one.
// Thread: any, in several processes.
// What holds: a server is alive exactly as long as server.lock in the run folder is locked (the system frees the lock
// when the process dies); server.json says which process that is; server.sock is its private HTTP socket. The run folder
// is a secret OwnFolder, and only a process that proves to be the one in the record is signalled.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "util/file.h"
#include "util/folders.h"
#include "util/own_folder.h"
#include "util/own_process.h"
#include "util/result.h"

namespace eai::library {

struct ServerRecord {
  int pid = 0;                         // 0: it has only just begun to start
  std::string host;                    // by which clients reach it
  std::vector<std::string> addresses;  // that it listens on, the first one first: "127.0.0.1", "::1"
  std::uint16_t port = 0;
  bool encrypted = false;
  std::string main_model;  // hashes
  std::vector<std::string> models;
  std::vector<std::string> names;  // as people call them, in the same order
  std::int64_t started = 0;        // seconds since 1970
  bool serves_all = false;         // every model that is here, also one that comes while it runs
  ProcessMark mark;                // of the process; empty in the record of an earlier version

  std::string address() const;  // "http://127.0.0.1:8080"
};

Result<fs::path> socket_of(const Folders& folders);
// Of a seed that runs without a server: its private socket.
Result<fs::path> seed_socket_of(const Folders& folders);
fs::path server_log_of(const Folders& folders);
fs::path conversations_of(const Folders& folders);  // those of unloaded models
fs::path engine_logs_of(const Folders& folders);    // a folder of its own: a model may be called "server"
fs::path engine_log_of(const Folders& folders, const std::string& folder_name);
// When the model's engine last said something, which it does at its start, with every request, and at its end. Nothing: it
// has never run here, or its log was removed.
std::optional<std::chrono::system_clock::time_point> last_used(const Folders& folders, const std::string& folder_name);

// The server that runs now, if one does.
Result<std::optional<ServerRecord>> running_server(const Folders& folders);

// The right to be the server. Held until the process ends.
class ServerSeat {
 public:
  // Code::busy: another server runs; the message says which and what can be done.
  static Result<ServerSeat> take(const Folders& folders);
  // The process's mark is added.
  Result<void> announce(ServerRecord record) const;

 private:
  ServerSeat(OwnFolder run, FileLock lock) : run_(std::move(run)), lock_(std::move(lock)) {}
  OwnFolder run_;
  FileLock lock_;
};

// The right to be the seed that runs without a server, held until the lock goes. Code::busy: another one runs.
Result<FileLock> take_seed_seat(const Folders& folders);
Result<bool> is_seed_running(const Folders& folders);

// How long a server may take to let running answers end.
inline constexpr std::chrono::seconds k_stop_grace{30};

Failure already_running(const ServerRecord& record);

// A server that runs reads its settings and the store again (SIGHUP). Its answers go on, and a model whose files have been
// replaced is loaded anew as soon as nobody uses it.
void tell_server(const Folders& folders);

// Asks the server to end (SIGTERM) and waits until it has; after `grace` it is killed. Code::timeout if even that
// does not end it; Code::busy if the process in the record is not a server of this user, and then nothing is signalled.
Result<void> stop_server(const Folders& folders, const ServerRecord& record, std::chrono::seconds grace);

}  // namespace eai::library
