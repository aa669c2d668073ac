#include "cli/server_answer.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "http/unix_client.h"
#include "util/text.h"

namespace eai::cli {

namespace asio = boost::asio;
namespace json = boost::json;

namespace {

constexpr std::size_t k_refusal_limit = 64 * k_kib;

asio::awaitable<Result<http::HeaderList>> ask(http::UnixClient& client, const fs::path& socket, const ServerPost& post,
                                              const TakeBytes& take) {
  http::Ask request;
  request.method = "POST";
  request.target = post.target;
  request.content_type = post.content_type;
  request.body = post.body;
  auto answer = co_await client.ask(socket.native(), std::move(request));
  if (!answer) co_return Failure(std::move(answer).error().with("asking the server"));
  std::string refused;
  while (true) {
    auto bytes = co_await answer->read();
    if (!bytes) co_return fail(Code::network, post.cut_off);
    if (bytes->empty()) break;
    if (answer->status() == 200) {
      EAI_CO_CHECK(take(*bytes));
    } else if (refused.size() < k_refusal_limit) {
      refused.append(*bytes);
    }
  }
  if (answer->status() != 200) co_return Failure(refusal_of(answer->status(), refused));
  co_return answer->headers();
}

}  // namespace

std::string text_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t number_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  boost::system::error_code wrong;
  auto number = value == nullptr ? 0 : value->to_number<std::int64_t>(wrong);
  return wrong ? 0 : number;
}

Error refusal_of(int status, const std::string& body) {
  boost::system::error_code wrong;
  json::value value = json::parse(body, wrong);
  std::string message;
  if (!wrong && value.is_object()) {
    const json::value* error = value.get_object().if_contains("error");
    if (error != nullptr && error->is_object()) message = text_at(error->get_object(), "message");
  }
  if (message.empty()) message = "the server answered with HTTP " + std::to_string(status);
  Code code = Code::io;
  if (status == 400 || status == 413) code = Code::invalid;
  if (status == 404) code = Code::not_found;
  if (status == 503) code = Code::busy;
  if (status == 504) code = Code::timeout;
  if (status == 501) code = Code::unsupported;
  return {code, printable(message, 2000)};
}

Result<json::object> object_of(const std::string& body) {
  boost::system::error_code wrong;
  json::value value = json::parse(body, wrong);
  if (wrong || !value.is_object()) return fail(Code::network, "the server's answer cannot be read");
  return std::move(value.get_object());
}

Result<json::object> ask_server(const fs::path& socket, std::string_view target) {
  asio::io_context context(1);
  http::UnixClient client(context);
  http::Ask ask;
  ask.target = target;
  ask.head_timeout = std::chrono::seconds(10);
  Result<http::Reply> reply = fail(Code::timeout, "the server does not answer");
  asio::co_spawn(context, client.fetch(socket, std::move(ask)),
                 [&](std::exception_ptr thrown, Result<http::Reply> answer) {
                   if (thrown) std::rethrow_exception(thrown);
                   reply = std::move(answer);
                 });
  context.run();
  if (!reply) return Failure(std::move(reply).error().with("asking the server"));
  if (reply->status != 200) return Failure(refusal_of(reply->status, reply->body));
  return object_of(reply->body);
}

Result<http::HeaderList> post_to_server(const fs::path& socket, const ServerPost& post, const TakeBytes& take,
                                        const std::stop_token& stop) {
  asio::io_context context(1);
  http::UnixClient client(context);
  Result<http::HeaderList> outcome = fail(Code::cancelled, "stopped");
  asio::co_spawn(context, ask(client, socket, post, take),
                 [&](std::exception_ptr thrown, Result<http::HeaderList> result) {
                   if (thrown) std::rethrow_exception(thrown);
                   outcome = std::move(result);
                 });
  const std::stop_callback end(stop, [&] { context.stop(); });
  context.run();
  return outcome;
}

}  // namespace eai::cli
