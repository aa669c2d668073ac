// `eai model status`
#include <ctime>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "cli/commands.h"
#include "cli/running.h"
#include "http/engine_client.h"
#include "util/error_map.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t k_answer_limit = 16 * k_mib;

// What the server itself says, over its private socket.
Result<json::object> ask_server(const Folders& folders) {
  asio::io_context context(1);
  http::EngineClient client(context);
  http::Ask ask;
  ask.target = "/eai/status";
  ask.head_timeout = std::chrono::seconds(10);
  Result<http::Reply> reply = fail(Code::timeout, "the server does not answer");
  asio::co_spawn(context, client.fetch(socket_of(folders), std::move(ask), k_answer_limit),
                 [&](std::exception_ptr error, Result<http::Reply> answer) {
                   if (!error) reply = std::move(answer);
                 });
  context.run();
  if (!reply) return Failure(std::move(reply).error().with("asking the server"));
  boost::system::error_code wrong;
  json::value value = json::parse(reply->body, wrong);
  if (reply->status != 200 || wrong || !value.is_object()) {
    return fail(Code::network, "the server answered its status with HTTP " + std::to_string(reply->status));
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

std::string name_of_model(const ServerRecord& record, const std::string& hash) {
  for (std::size_t i = 0; i < record.models.size() && i < record.names.size(); ++i) {
    if (record.models[i] == hash) return record.names[i];
  }
  return hash;
}

void print(const ServerRecord& record, const json::object& told, Output& out) {
  auto up = std::chrono::seconds(std::time(nullptr) - record.started);
  out.line(out.styled(Style::bold, record.address()) + "  process " + std::to_string(record.pid) + ", up " +
           human_duration(up));
  std::vector<std::vector<std::string>> rows;
  for (const json::value& value : told.at("models").as_array()) {
    const json::object& model = value.as_object();
    std::string hash = text_of_field(model, "id");
    std::uint64_t memory = number_of_field(model, "memory_now");
    std::uint64_t running = number_of_field(model, "leases"), waiting = number_of_field(model, "queued");
    rows.push_back({name_of_model(record, hash) + (hash == record.main_model ? " (main)" : ""),
                    text_of_field(model, "task"), text_of_field(model, "state"),
                    memory == 0 ? "-" : human_bytes(memory), std::to_string(running), std::to_string(waiting), hash});
  }
  out.table({"NAME", "TASK", "STATE", "MEMORY", "ANSWERING", "WAITING", "HASH"}, rows, 6);
  for (const json::value& value : told.at("models").as_array()) {
    std::string failure = text_of_field(value.as_object(), "last_failure");
    std::string name = name_of_model(record, text_of_field(value.as_object(), "id"));
    if (!failure.empty()) out.note(name + " could not be started: " + failure);
  }
}

}  // namespace

Result<int> model_status(Context& context) {
  EAI_TRY(auto server, running_server(context.folders));
  if (!server) {
    context.out.event(json::object{{"running", false}});
    context.out.line("no server is running; `eai model run <name>` starts one");
    return face_of(Code::not_found).exit_status;
  }
  EAI_TRY(json::object told, ask_server(context.folders));
  if (!told.contains("models") || !told.at("models").is_array()) {
    return fail(Code::network, "the server's status has no list of models");
  }
  if (!context.out.json()) {
    print(*server, told, context.out);
    return 0;
  }
  json::object all{{"running", true},           {"pid", server->pid},   {"url", server->address()},
                   {"host", server->host},      {"port", server->port}, {"main_model", server->main_model},
                   {"started", server->started}};
  for (const auto& [key, value] : told) {
    if (!all.contains(key)) all[key] = value;
  }
  for (json::value& model : all.at("models").as_array()) {
    json::object& object = model.as_object();
    const std::string hash = text_of_field(object, "id");
    object["hash"] = hash;
    object["name"] = name_of_model(*server, hash);
  }
  context.out.event(all);
  return 0;
}

}  // namespace eai::cli
