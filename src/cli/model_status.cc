// `eai model status`
#include <condition_variable>
#include <ctime>
#include <mutex>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/server_answer.h"
#include "cli/server_status.h"
#include "util/error_map.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

// "12.3"; "-" while nothing was measured.
std::string speed_of(const json::object& model) {
  const json::value* value = model.if_contains("tokens_per_second");
  if (value == nullptr || !value->is_number() || value->to_number<double>() <= 0) return "-";
  const auto tenths = static_cast<std::uint64_t>(value->to_number<double>() * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::vector<std::string> row_of(const library::ServerRecord& record, const json::object& model) {
  const std::string hash = text_in(model, "id");
  return {name_of_model(record, hash) + (hash == record.main_model ? " (main)" : ""),
          text_in(model, "task"),
          text_in(model, "state"),
          bytes_of_field(model, "memory_now"),
          bytes_of_field(model, "memory_estimated"),
          bytes_of_field(model, "memory_peak"),
          std::to_string(number_in(model, "leases")),
          std::to_string(number_in(model, "queued")),
          time_since_field(model, "ready_since"),
          speed_of(model),
          hash};
}

// "memory 1.2 GB, up to 5.1 GB with full contexts, of 21.6 GB (RAM …)": what the models that run take, may take, and what
// there is.
std::string budget_line(const json::object& told) {
  const json::value* value = told.if_contains("memory");
  if (value == nullptr || !value->is_object()) return {};
  const json::object& memory = value->get_object();
  const std::uint64_t now = number_in(memory, "now"), full = number_in(memory, "full");
  std::string out = "memory " + human_bytes(now) +
                    (full > now ? ", up to " + human_bytes(full) + " with full contexts," : "") + " of " +
                    human_bytes(number_in(memory, "budget")) + " (" + text_in(memory, "budget_source") + ")";
  return out + "; switches " + std::to_string(number_in(told, "switches")) + ", evictions " +
         std::to_string(number_in(told, "evictions"));
}

void print(const library::ServerRecord& record, const json::object& told, Output& out) {
  auto up = std::chrono::seconds(std::time(nullptr) - record.started);
  std::string more;  // 0.0.0.0 and :: say it better than a list could
  for (std::size_t i = 1; i < record.addresses.size(); ++i)
    more += (i == 1 ? " and " : ", ") + printable(record.addresses[i], 60);
  out.line(out.styled(Style::bold, record.address()) + more + "  process " + std::to_string(record.pid) + ", up " +
           human_duration(up));
  out.line(budget_line(told));
  std::vector<std::vector<std::string>> rows;
  for (const json::value& value : told.at("models").as_array()) rows.push_back(row_of(record, value.as_object()));
  out.table(
      {"NAME", "TASK", "STATE", "MEMORY", "ESTIMATED", "PEAK", "ANSWERING", "WAITING", "READY", "TOKENS/S", "HASH"},
      rows, 10);
  for (const json::value& value : told.at("models").as_array()) {
    const json::object& model = value.as_object();
    const std::string note = text_in(model, "memory_note");
    if (note.empty()) continue;
    out.line(name_of_model(record, text_in(model, "id")) + ": " + human_bytes(number_in(model, "memory_estimated")) +
             " estimated; " + note);
  }
  for (const json::value& value : told.at("models").as_array()) {
    std::string failure = text_in(value.as_object(), "last_failure");
    std::string name = name_of_model(record, text_in(value.as_object(), "id"));
    const bool over = failure.empty() || text_in(value.as_object(), "state") == "ready";
    if (!over) out.note(name + ": its engine exited or could not be started: " + failure);
  }
}

// What is shared, and who took it.
void print_share(const json::object& told, const char* name, Output& out) {
  const json::value* value = told.if_contains(name);
  if (value == nullptr || !value->is_object()) return;
  const json::object& share = value->get_object();
  if (const std::string error = text_in(share, "error"); !error.empty())
    return out.note("Nothing is shared: " + printable(error, 400));
  out.line("sharing at " + out.styled(Style::bold, text_in(share, "url")) + ": " +
           human_bytes(number_in(share, "bytes")) + " in " + std::to_string(number_in(share, "answers")) + " answers");
  std::vector<std::vector<std::string>> rows;
  for (const json::value& each : share.at("models").as_array()) {
    const json::object& model = each.as_object();
    rows.push_back({printable(text_in(model, "name")), human_bytes(number_in(model, "size")),
                    human_bytes(number_in(model, "bytes")), std::to_string(number_in(model, "answers")),
                    text_in(model, "hash")});
  }
  out.table({"SHARED", "SIZE", "SENT", "ANSWERS", "HASH"}, rows, 4);
  rows.clear();
  for (const json::value& each : share.at("to").as_array()) {
    const json::object& to = each.as_object();
    const auto ago = std::time(nullptr) - static_cast<std::int64_t>(number_in(to, "last"));
    rows.push_back({text_in(to, "address"), human_bytes(number_in(to, "bytes")),
                    std::to_string(number_in(to, "answers")), human_duration(std::chrono::seconds(ago)) + " ago"});
  }
  if (!rows.empty()) out.table({"TO", "SENT", "ANSWERS", "LAST"}, rows, 4);
}

// What a seed that runs without a server shares. Empty: there is none.
Result<json::object> ask_seed(const Folders& folders) {
  EAI_TRY(const bool runs, library::is_seed_running(folders));
  if (!runs) return json::object();
  EAI_TRY(const fs::path socket, library::seed_socket_of(folders));
  return ask_server(socket, "/eai/status");
}

void print_no_server(const json::object& told, Output& out) {
  json::object event{{"running", false}};
  if (told.contains("seed")) event["seed"] = told.at("seed");
  out.event(event);
}

// What runs at this moment.
struct Running {
  bool server = false, seed = false;
};

// Shows what runs, once.
Result<Running> show(Context& context) {
  EAI_TRY(const auto server, library::running_server(context.folders));
  auto seed = ask_seed(context.folders);
  // One that is just starting has no socket yet; what else runs is shown all the same.
  if (!seed) context.out.note("A seed runs, and does not tell what it shares: " + printable(seed.error().message, 200));
  json::object told;
  if (server) {
    EAI_TRY(told, ask_status(context.folders));
  }
  if (seed && seed->contains("share")) told["seed"] = seed->at("share");
  const Running running{server.has_value(), told.contains("seed")};
  if (context.config.status.watch && (running.server || running.seed)) context.out.redraw();
  if (context.out.json()) {
    if (server)
      context.out.event(json_of_status(*server, told));
    else
      print_no_server(told, context.out);
    return running;
  }
  if (server) print(*server, told, context.out);
  print_share(told, "share", context.out);
  print_share(told, "seed", context.out);
  return running;
}

// Once a second, until Ctrl-C, the end of all that runs, or the reader's.
Result<int> watch(Context& context) {
  Interrupt interrupt;
  std::mutex mutex;
  std::condition_variable_any bell;
  Running shown;
  while (!interrupt.requested()) {
    EAI_TRY(const Running running, show(context));
    if (!running.server && !running.seed) break;
    shown.server = shown.server || running.server;
    shown.seed = shown.seed || running.seed;
    EAI_CHECK(context.out.finish());
    if (context.out.reader_left()) return 0;
    std::unique_lock lock(mutex);
    bell.wait_for(lock, interrupt.token(), std::chrono::seconds(1), [] { return false; });
  }
  if (interrupt.requested()) return k_interrupted;
  const bool ended = shown.server || shown.seed;
  context.out.note(!ended ? "No server is running." : shown.server ? "The server has stopped." : "The seed has ended.");
  return ended ? 0 : face_of(Code::not_found).exit_status;
}

}  // namespace

Result<int> model_status(Context& context) {
  if (context.config.status.watch) return watch(context);
  EAI_TRY(const Running running, show(context));
  if (running.server) return 0;
  context.out.line("no server is running; `eai model run <name>` starts one");
  return face_of(Code::not_found).exit_status;
}

}  // namespace eai::cli
