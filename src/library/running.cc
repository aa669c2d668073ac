#include "library/running.h"

#include <csignal>
#include <thread>

#include <boost/json.hpp>
#include <sys/stat.h>
#include <sys/types.h>

#include "util/text.h"

namespace eai::library {
namespace {

namespace json = boost::json;

constexpr std::uint64_t k_record_limit = 4 * k_mib;

constexpr const char* k_lock = "server.lock";
constexpr const char* k_record = "server.json";
constexpr const char* k_seed_lock = "seed.lock";

json::array texts(const std::vector<std::string>& from) {
  json::array out;
  for (const std::string& text : from) out.emplace_back(text);
  return out;
}

std::vector<std::string> texts(const json::value& from) {
  std::vector<std::string> out;
  for (const json::value& item : from.as_array()) out.emplace_back(item.as_string());
  return out;
}

std::string to_json(const ServerRecord& record) {
  return json::serialize(
      json::object{{"pid", record.pid},
                   {"host", record.host},
                   {"addresses", texts(record.addresses)},
                   {"port", record.port},
                   {"encrypted", record.encrypted},
                   {"main_model", record.main_model},
                   {"models", texts(record.models)},
                   {"names", texts(record.names)},
                   {"started", record.started},
                   {"serves_all", record.serves_all},
                   {"process", {{"started", record.mark.started}, {"program", record.mark.program}}}});
}

// Our own file, written whole by a rename: what cannot be read is as good as not there.
std::optional<ServerRecord> read_record(const OwnFolder& run) {
  auto bytes = run.read(k_record, k_record_limit);
  if (!bytes) return std::nullopt;
  try {
    json::object object = json::parse(text_of(*bytes)).as_object();
    ServerRecord out;
    out.pid = object.at("pid").to_number<int>();
    out.host = std::string(object.at("host").as_string());
    // A server that an earlier version started has none of this.
    if (const json::value* addresses = object.if_contains("addresses")) out.addresses = texts(*addresses);
    out.port = object.at("port").to_number<std::uint16_t>();
    out.encrypted = object.at("encrypted").as_bool();
    out.main_model = std::string(object.at("main_model").as_string());
    out.models = texts(object.at("models"));
    out.names = texts(object.at("names"));
    out.started = object.at("started").as_int64();
    if (const json::value* all = object.if_contains("serves_all")) out.serves_all = all->as_bool();
    if (const json::value* process = object.if_contains("process")) {
      out.mark.started = std::string(process->at("started").as_string());
      out.mark.program = std::string(process->at("program").as_string());
    }
    return out;
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

}  // namespace

std::string ServerRecord::address() const {
  std::string shown = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host;
  if (shown.find(':') != std::string::npos) shown = "[" + shown + "]";
  return (encrypted ? "https://" : "http://") + shown + ":" + std::to_string(port);
}

Result<fs::path> socket_of(const Folders& folders) {
  EAI_TRY(const fs::path folder, socket_folder(folders.run));
  return folder / "server.sock";
}
Result<fs::path> seed_socket_of(const Folders& folders) {
  EAI_TRY(const fs::path folder, socket_folder(folders.run));
  return folder / "seed.sock";
}
fs::path conversations_of(const Folders& folders) { return folders.state / "conversations"; }
fs::path engine_logs_of(const Folders& folders) { return folders.state / "engines"; }
fs::path engine_log_of(const Folders& folders, const std::string& folder_name) {
  return engine_logs_of(folders) / (folder_name + ".log");
}

std::optional<std::chrono::system_clock::time_point> last_used(const Folders& folders, const std::string& folder_name) {
  struct stat info {};
  if (::lstat(engine_log_of(folders, folder_name).c_str(), &info) != 0) return std::nullopt;
  return std::chrono::system_clock::from_time_t(info.st_mtime);
}

fs::path server_log_of(const Folders& folders) { return folders.state / "server.log"; }

Result<std::optional<ServerRecord>> running_server(const Folders& folders) {
  auto run = OwnFolder::open(folders.run, Privacy::secret);
  if (!run && run.error().code == Code::not_found) return std::nullopt;
  if (!run) return Failure(std::move(run).error());
  EAI_TRY(const bool held, run->is_locked(k_lock));
  if (!held) return std::nullopt;
  return read_record(*run).value_or(ServerRecord{});
}

Failure already_running(const ServerRecord& record) {
  std::string who = record.pid == 0 ? "a server is starting" : "a server is already running";
  if (record.port != 0) who += " at " + record.address() + " (process " + std::to_string(record.pid) + ")";
  return fail(Code::busy, who, Hint::stop_server);
}

Result<ServerSeat> ServerSeat::take(const Folders& folders) {
  EAI_TRY(OwnFolder run, OwnFolder::make(folders.run, Privacy::secret));
  EAI_CHECK(socket_folder(folders.run));
  auto lock = run.lock(k_lock, FileLock::Wait::no);
  if (!lock && lock.error().code == Code::busy) {
    return already_running(read_record(run).value_or(ServerRecord{}));
  }
  if (!lock) return Failure(std::move(lock).error());
  // What the last server said of itself is no longer true.
  EAI_CHECK(run.remove(k_record));
  return ServerSeat(std::move(run), *std::move(lock));
}

Result<void> ServerSeat::announce(ServerRecord record) const {
  if (auto mark = mark_of(record.pid)) record.mark = *std::move(mark);
  return run_.write(k_record, view_of(to_json(record)));
}

Result<FileLock> take_seed_seat(const Folders& folders) {
  EAI_TRY(const OwnFolder run, OwnFolder::make(folders.run, Privacy::secret));
  EAI_CHECK(socket_folder(folders.run));
  auto lock = run.lock(k_seed_lock, FileLock::Wait::no);
  if (!lock && lock.error().code == Code::busy)
    return fail(Code::busy, "a seed runs already; end it first, and name all models in one call");
  return lock;
}

Result<bool> is_seed_running(const Folders& folders) {
  auto run = OwnFolder::open(folders.run, Privacy::secret);
  if (!run && run.error().code == Code::not_found) return false;
  if (!run) return Failure(std::move(run).error());
  return run->is_locked(k_seed_lock);
}

Result<void> stop_server(const Folders& folders, const ServerRecord& record, std::chrono::seconds grace) {
  using Clock = std::chrono::steady_clock;
  auto gone_within = [&](std::chrono::milliseconds limit) -> Result<bool> {
    auto deadline = Clock::now() + limit;
    while (true) {
      EAI_TRY(auto now, running_server(folders));
      // Another process number: ours is gone, and somebody else took the seat.
      if (!now || (now->pid != 0 && record.pid != 0 && now->pid != record.pid)) return true;
      if (Clock::now() > deadline) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  };
  if (record.pid <= 1) return fail(Code::busy, "the server is still starting; try again in a moment");
  const std::string process_name = "process " + std::to_string(record.pid);
  const auto process = OwnProcess::find(record.pid, record.mark);
  if (!process) {
    EAI_TRY(const bool gone, gone_within(std::chrono::milliseconds(0)));
    if (gone) return {};
    return fail(Code::busy,
                "nothing was stopped: a server runs, but " + process_name +
                    ", which its record names, does not prove to be it; if that is a server that an earlier "
                    "version of eai started, end it with `kill " +
                    std::to_string(record.pid) + "`");
  }
  for (int signal : {SIGTERM, SIGKILL}) {
    (void)process->signal(signal);  // if it has ended, the lock tells
    EAI_TRY(bool gone, gone_within(signal == SIGTERM ? std::chrono::milliseconds(grace) : std::chrono::seconds(5)));
    if (gone) return {};
  }
  return fail(Code::timeout, "the server, " + process_name + ", does not stop");
}

void tell_server(const Folders& folders) {
  const auto record = running_server(folders);
  if (!record || !*record || (*record)->pid <= 1) return;  // one that is just starting reads everything anyway
  if (const auto process = OwnProcess::find((*record)->pid, (*record)->mark)) (void)process->signal(SIGHUP);
}

}  // namespace eai::library
