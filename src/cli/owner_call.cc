#include "cli/owner_call.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "admin/job_record.h"
#include "http/unix_client.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t k_answer_limit = 16 * k_mib;
constexpr std::size_t k_refusal_limit = 64 * k_kib;
constexpr std::size_t k_event_limit = 16 * k_mib;

// What an answer with an error status says.
Error error_in(int status, const std::string& body) {
  boost::system::error_code wrong;
  const json::value value = json::parse(body, wrong);
  const json::object* object = wrong ? nullptr : value.if_object();
  const json::object* error = object == nullptr ? nullptr : object_in(*object, "error");
  if (error == nullptr) return {Code::network, "the server answered with HTTP " + std::to_string(status)};
  return admin::read_error(*error);
}

http::Ask ask_of(const OwnerCall& call, const std::string& body) {
  http::Ask out;
  out.method = call.method;
  out.target = call.target;
  out.head_timeout = std::chrono::seconds(30);
  if (call.body == nullptr) return out;
  out.content_type = "application/json";
  out.body = body;
  return out;
}

std::string body_of(const OwnerCall& call) { return call.body == nullptr ? "" : json::serialize(*call.body); }

using OnEvent = std::function<Result<void>(const http::SseEvent&)>;

asio::awaitable<Result<void>> read_events(http::UnixClient& client, const fs::path& socket, const OwnerCall& call,
                                          const OnEvent& on_event) {
  const std::string body = body_of(call);
  http::Ask ask = ask_of(call, body);
  auto answer = co_await client.ask(socket.native(), std::move(ask));
  if (!answer) co_return Failure(std::move(answer).error().with("asking the server"));
  http::SseReader events(k_event_limit);
  std::string refused;
  while (true) {
    auto bytes = co_await answer->read();
    if (!bytes) co_return fail(Code::network, "the server has ended");
    if (bytes->empty()) break;
    if (answer->status() != 200) {
      if (refused.size() < k_refusal_limit) refused.append(*bytes);
      continue;
    }
    EAI_CO_CHECK(events.feed(*bytes));
    while (const auto event = events.next()) EAI_CO_CHECK(on_event(*event));
  }
  if (answer->status() != 200) co_return Failure(error_in(answer->status(), refused));
  co_return Result<void>();
}

}  // namespace

Result<json::object> call_owner(const fs::path& socket, const OwnerCall& call) {
  asio::io_context context(1);
  http::UnixClient client(context);
  const std::string body = body_of(call);
  Result<http::Reply> reply = fail(Code::timeout, "the server does not answer");
  asio::co_spawn(context, client.fetch(socket, ask_of(call, body), k_answer_limit),
                 [&](std::exception_ptr thrown, Result<http::Reply> answer) {
                   if (thrown) std::rethrow_exception(thrown);
                   reply = std::move(answer);
                 });
  context.run();
  if (!reply) return Failure(std::move(reply).error().with("asking the server"));
  if (reply->status >= 300) return Failure(error_in(reply->status, reply->body));
  boost::system::error_code wrong;
  json::value value = json::parse(reply->body, wrong);
  if (wrong || !value.is_object()) return fail(Code::network, "the server's answer cannot be read");
  return std::move(value.get_object());
}

Result<void> follow_owner(const fs::path& socket, const OwnerCall& call, const OnEvent& on_event,
                          const std::stop_token& stop) {
  asio::io_context context(1);
  http::UnixClient client(context);
  Result<void> outcome = fail(Code::cancelled, "stopped");
  asio::co_spawn(context, read_events(client, socket, call, on_event),
                 [&](std::exception_ptr thrown, Result<void> result) {
                   if (thrown) std::rethrow_exception(thrown);
                   outcome = std::move(result);
                 });
  const std::stop_callback end(stop, [&] { context.stop(); });
  context.run();
  return outcome;
}

}  // namespace eai::cli
