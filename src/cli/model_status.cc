// `eai model status`
#include <condition_variable>
#include <ctime>
#include <mutex>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "http/unix_client.h"
#include "library/running.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t k_answer_limit = 16 * k_mib;

// What a server or a seed says of itself, over its private socket.
Result<json::object> ask(const fs::path& socket) {
  asio::io_context context(1);
  http::UnixClient client(context);
  http::Ask ask;
  ask.target = "/eai/status";
  ask.head_timeout = std::chrono::seconds(10);
  Result<http::Reply> reply = fail(Code::timeout, "the server does not answer");
  asio::co_spawn(context, client.fetch(socket, std::move(ask), k_answer_limit),
                 [&](std::exception_ptr error, Result<http::Reply> answer) {
                   if (!error) reply = std::move(answer);
                 });
  context.run();
  if (!reply) return Failure(std::move(reply).error().with("asking for the status"));
  boost::system::error_code wrong;
  json::value value = json::parse(reply->body, wrong);
  if (reply->status != 200 || wrong || !value.is_object()) {
    return fail(Code::network, "the status was answered with HTTP " + std::to_string(reply->status));
  }
  return std::move(value.get_object());
}

std::string text_of_field(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::uint64_t number_of_field(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_number()) return 0;
  boost::system::error_code wrong;
  auto number = value->to_number<std::uint64_t>(wrong);
  return wrong ? 0 : number;
}

std::string name_of_model(const library::ServerRecord& record, const std::string& hash) {
  for (std::size_t i = 0; i < record.models.size() && i < record.names.size(); ++i) {
    if (record.models[i] == hash) return record.names[i];
  }
  return hash;
}

std::string bytes_of_field(const json::object& object, const char* name) {
  const std::uint64_t bytes = number_of_field(object, name);
  return bytes == 0 ? "-" : human_bytes(bytes);
}

// "12.3"; "-" while nothing was measured.
std::string speed_of(const json::object& model) {
  const json::value* value = model.if_contains("tokens_per_second");
  if (value == nullptr || !value->is_number() || value->to_number<double>() <= 0) return "-";
  const auto tenths = static_cast<std::uint64_t>(value->to_number<double>() * 10);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

std::string up_time_of(const json::object& model) {
  const std::uint64_t since = number_of_field(model, "ready_since");
  if (since == 0) return "-";
  return human_duration(std::chrono::seconds(std::time(nullptr) - static_cast<std::int64_t>(since)));
}

std::vector<std::string> row_of(const library::ServerRecord& record, const json::object& model) {
  const std::string hash = text_of_field(model, "id");
  return {name_of_model(record, hash) + (hash == record.main_model ? " (main)" : ""),
          text_of_field(model, "task"),
          text_of_field(model, "state"),
          bytes_of_field(model, "memory_now"),
          bytes_of_field(model, "memory_estimated"),
          bytes_of_field(model, "memory_peak"),
          std::to_string(number_of_field(model, "leases")),
          std::to_string(number_of_field(model, "queued")),
          up_time_of(model),
          speed_of(model),
          hash};
}

// "memory 1.2 GB, up to 5.1 GB with full contexts, of 21.6 GB (RAM …)": what the models that run take, may take, and what
// there is.
std::string budget_line(const json::object& told) {
  const json::value* value = told.if_contains("memory");
  if (value == nullptr || !value->is_object()) return {};
  const json::object& memory = value->get_object();
  const std::uint64_t now = number_of_field(memory, "now"), full = number_of_field(memory, "full");
  std::string out =
      "memory " + human_bytes(now) + (full > now ? ", up to " + human_bytes(full) + " with full contexts," : "") +
      " of " + human_bytes(number_of_field(memory, "budget")) + " (" + text_of_field(memory, "budget_source") + ")";
  return out + "; switches " + std::to_string(number_of_field(told, "switches")) + ", evictions " +
         std::to_string(number_of_field(told, "evictions"));
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
    const std::string note = text_of_field(model, "memory_note");
    if (note.empty()) continue;
    out.line(name_of_model(record, text_of_field(model, "id")) + ": " +
             human_bytes(number_of_field(model, "memory_estimated")) + " estimated; " + note);
  }
  for (const json::value& value : told.at("models").as_array()) {
    std::string failure = text_of_field(value.as_object(), "last_failure");
    std::string name = name_of_model(record, text_of_field(value.as_object(), "id"));
    const bool over = failure.empty() || text_of_field(value.as_object(), "state") == "ready";
    if (!over) out.note(name + ": its engine exited or could not be started: " + failure);
  }
}

// What is shared, and who took it.
void print_share(const json::object& told, const char* name, Output& out) {
  const json::value* value = told.if_contains(name);
  if (value == nullptr || !value->is_object()) return;
  const json::object& share = value->get_object();
  if (const std::string error = text_of_field(share, "error"); !error.empty())
    return out.note("Nothing is shared: " + printable(error, 400));
  out.line("sharing at " + out.styled(Style::bold, text_of_field(share, "url")) + ": " +
           human_bytes(number_of_field(share, "bytes")) + " in " + std::to_string(number_of_field(share, "answers")) +
           " answers");
  std::vector<std::vector<std::string>> rows;
  for (const json::value& each : share.at("models").as_array()) {
    const json::object& model = each.as_object();
    rows.push_back({printable(text_of_field(model, "name")), human_bytes(number_of_field(model, "size")),
                    human_bytes(number_of_field(model, "bytes")), std::to_string(number_of_field(model, "answers")),
                    text_of_field(model, "hash")});
  }
  out.table({"SHARED", "SIZE", "SENT", "ANSWERS", "HASH"}, rows, 4);
  rows.clear();
  for (const json::value& each : share.at("to").as_array()) {
    const json::object& to = each.as_object();
    const auto ago = std::time(nullptr) - static_cast<std::int64_t>(number_of_field(to, "last"));
    rows.push_back({text_of_field(to, "address"), human_bytes(number_of_field(to, "bytes")),
                    std::to_string(number_of_field(to, "answers")),
                    human_duration(std::chrono::seconds(ago)) + " ago"});
  }
  if (!rows.empty()) out.table({"TO", "SENT", "ANSWERS", "LAST"}, rows, 4);
}

void print_json(const library::ServerRecord& record, const json::object& told, Output& out) {
  json::object all{{"running", true},          {"pid", record.pid},   {"url", record.address()},
                   {"host", record.host},      {"port", record.port}, {"main_model", record.main_model},
                   {"started", record.started}};
  all["addresses"] = json::array(record.addresses.begin(), record.addresses.end());
  for (const auto& [key, value] : told) {
    if (!all.contains(key)) all[key] = value;
  }
  for (json::value& model : all.at("models").as_array()) {
    json::object& object = model.as_object();
    const std::string hash = text_of_field(object, "id");
    object["hash"] = hash;
    object["name"] = name_of_model(record, hash);
  }
  out.event(all);
}

// What a seed that runs without a server shares. Empty: there is none.
Result<json::object> ask_seed(const Folders& folders) {
  EAI_TRY(const bool runs, library::is_seed_running(folders));
  if (!runs) return json::object();
  EAI_TRY(const fs::path socket, library::seed_socket_of(folders));
  return ask(socket);
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
    EAI_TRY(const fs::path socket, library::socket_of(context.folders));
    EAI_TRY(told, ask(socket));
    if (!told.contains("models") || !told.at("models").is_array())
      return fail(Code::network, "the server's status has no list of models");
  }
  if (seed && seed->contains("share")) told["seed"] = seed->at("share");
  const Running running{server.has_value(), told.contains("seed")};
  if (context.config.status.watch && (running.server || running.seed)) context.out.redraw();
  if (context.out.json()) {
    if (server)
      print_json(*server, told, context.out);
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
