#include "cli/server_status.h"

#include <ctime>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "http/unix_client.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t k_answer_limit = 16 * k_mib;

Result<json::object> fetch(const fs::path& socket, std::string_view method, const std::string& target,
                           std::chrono::milliseconds patience) {
  asio::io_context context(1);
  http::UnixClient client(context);
  http::Ask ask;
  ask.method = method;
  ask.target = target;
  ask.head_timeout = patience;
  Result<http::Reply> reply = fail(Code::timeout, "the server does not answer");
  asio::co_spawn(context, client.fetch(socket, std::move(ask), k_answer_limit),
                 [&](std::exception_ptr error, Result<http::Reply> answer) {
                   if (!error) reply = std::move(answer);
                 });
  context.run();
  if (!reply) return Failure(std::move(reply).error().with("asking the server"));
  boost::system::error_code wrong;
  json::value value = json::parse(reply->body, wrong);
  if (reply->status != 200 || wrong || !value.is_object())
    return fail(Code::network, "the server answered with HTTP " + std::to_string(reply->status));
  return std::move(value.get_object());
}

}  // namespace

Result<json::object> ask_owned(const fs::path& socket, const std::string& target, std::chrono::milliseconds patience) {
  return fetch(socket, "GET", target, patience);
}

Result<json::object> tell_owned(const fs::path& socket, const std::string& target) {
  return fetch(socket, "POST", target, std::chrono::seconds(10));
}

Result<json::object> ask_status(const Folders& folders) {
  EAI_TRY(const fs::path socket, library::socket_of(folders));
  EAI_TRY(json::object told, ask_owned(socket, "/eai/status"));
  if (!told.contains("models") || !told.at("models").is_array())
    return fail(Code::network, "the server's status has no list of models");
  return told;
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

std::string bytes_of_field(const json::object& object, const char* name) {
  const std::uint64_t bytes = number_of_field(object, name);
  return bytes == 0 ? "-" : human_bytes(bytes);
}

std::string time_since_field(const json::object& object, const char* name) {
  const std::uint64_t since = number_of_field(object, name);
  if (since == 0) return "-";
  return human_duration(std::chrono::seconds(std::time(nullptr) - static_cast<std::int64_t>(since)));
}

std::string name_of_model(const library::ServerRecord& record, const std::string& hash) {
  for (std::size_t i = 0; i < record.models.size() && i < record.names.size(); ++i) {
    if (record.models[i] == hash) return record.names[i];
  }
  return hash;
}

json::object json_of_status(const library::ServerRecord& record, const json::object& told) {
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
  return all;
}

}  // namespace eai::cli
