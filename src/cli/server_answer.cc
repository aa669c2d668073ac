#include "cli/server_answer.h"

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

Code code_of(int status) {
  switch (status) {
    case 400:
    case 413:
      return Code::invalid;
    case 404:
      return Code::not_found;
    case 501:
      return Code::unsupported;
    case 503:
      return Code::busy;
    case 504:
      return Code::timeout;
    default:
      return Code::io;
  }
}

// What an answer with another status than 200 says, in the server's words.
Error refusal_of(int status, const std::string& body) {
  boost::system::error_code wrong;
  const json::value value = json::parse(body, wrong);
  const json::object* object = wrong ? nullptr : value.if_object();
  const json::object* error = object == nullptr ? nullptr : object_in(*object, "error");
  Error out{code_of(status), {}};
  if (error != nullptr) {
    out = admin::read_error(*error);
    if (!parse_code(text_in(*error, "code"))) out.code = code_of(status);  // those of the API are other words
  }
  if (out.message.empty()) out.message = "the server answered with HTTP " + std::to_string(status);
  out.message = printable(out.message, 2000);
  return out;
}

http::Ask request_of(const ServerAsk& ask) {
  http::Ask out;
  out.method = ask.method;
  out.target = ask.target;
  out.body = ask.body;
  if (!ask.body.empty()) out.content_type = ask.content_type;
  return out;
}

asio::awaitable<Result<http::HeaderList>> stream(http::UnixClient& client, const fs::path& socket, const ServerAsk& ask,
                                                 const TakeBytes& take) {
  http::Ask request = request_of(ask);
  auto answer = co_await client.ask(socket.native(), std::move(request));
  if (!answer) co_return Failure(std::move(answer).error().with("asking the server"));
  std::string refused;
  while (true) {
    auto bytes = co_await answer->read();
    if (!bytes) co_return fail(Code::network, ask.cut_off);
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

std::int64_t signed_in(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  boost::system::error_code wrong;
  auto number = value == nullptr ? 0 : value->to_number<std::int64_t>(wrong);
  return wrong ? 0 : number;
}

Result<json::object> object_of(const std::string& body) {
  boost::system::error_code wrong;
  json::value value = json::parse(body, wrong);
  if (wrong || !value.is_object()) return fail(Code::network, "the server's answer cannot be read");
  return std::move(value.get_object());
}

Result<json::object> ask_server(const fs::path& socket, const ServerAsk& ask) {
  asio::io_context context(1);
  http::UnixClient client(context);
  http::Ask request = request_of(ask);
  request.head_timeout = ask.patience;
  Result<http::Reply> reply = fail(Code::timeout, "the server does not answer");
  asio::co_spawn(context, client.fetch(socket, std::move(request), k_answer_limit),
                 [&](std::exception_ptr thrown, Result<http::Reply> answer) {
                   if (thrown) std::rethrow_exception(thrown);
                   reply = std::move(answer);
                 });
  context.run();
  if (!reply) return Failure(std::move(reply).error().with("asking the server"));
  if (reply->status >= 300) return Failure(refusal_of(reply->status, reply->body));
  return object_of(reply->body);
}

Result<json::object> ask_server(const fs::path& socket, const std::string& target) {
  return ask_server(socket, ServerAsk{.target = target});
}

Result<http::HeaderList> stream_from_server(const fs::path& socket, const ServerAsk& ask, const TakeBytes& take,
                                            const std::stop_token& stop) {
  asio::io_context context(1);
  http::UnixClient client(context);
  Result<http::HeaderList> outcome = fail(Code::cancelled, "stopped");
  asio::co_spawn(context, stream(client, socket, ask, take),
                 [&](std::exception_ptr thrown, Result<http::HeaderList> result) {
                   if (thrown) std::rethrow_exception(thrown);
                   outcome = std::move(result);
                 });
  const std::stop_callback end(stop, [&] { context.stop(); });
  context.run();
  return outcome;
}

}  // namespace eai::cli
