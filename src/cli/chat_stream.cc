#include "cli/chat_stream.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json.hpp>

#include "cli/server_answer.h"
#include "http/sse.h"
#include "http/unix_client.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace asio = boost::asio;
namespace json = boost::json;

constexpr std::size_t k_refusal_limit = 64 * k_kib;
constexpr std::size_t k_event_limit = 16 * k_mib;

const json::object* object_at(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  return value != nullptr && value->is_object() ? &value->get_object() : nullptr;
}

// The stream, event by event.
class Reader {
 public:
  explicit Reader(const ChatNews& news) : news_(news) {}

  Result<void> take(std::string_view bytes) {
    EAI_CHECK(events_.feed(bytes));
    while (const auto event = events_.next()) EAI_CHECK(take_event(*event));
    return {};
  }

  Result<ChatEnd> end() && {
    if (end_.finish_reason.empty()) return fail(Code::network, "the server ended in the middle of its answer");
    return std::move(end_);
  }

 private:
  Result<void> take_event(const http::SseEvent& event) {
    if (!event.comment.empty()) news_.on_wait(printable(event.comment, 100));
    if (event.data.empty() || event.data == "[DONE]") return {};
    boost::system::error_code wrong;
    const json::value value = json::parse(event.data, wrong);
    if (wrong || !value.is_object()) return fail(Code::network, "the server sent an event that cannot be read");
    return take_chunk(value.get_object());
  }

  Result<void> take_chunk(const json::object& chunk) {
    if (const json::object* error = object_at(chunk, "error"))
      return fail(Code::io, printable(text_at(*error, "message"), 2000));
    if (const json::object* usage = object_at(chunk, "usage")) {
      end_.prompt_tokens = static_cast<std::uint64_t>(number_at(*usage, "prompt_tokens"));
      end_.generated_tokens = static_cast<std::uint64_t>(number_at(*usage, "completion_tokens"));
    }
    if (const json::object* timings = object_at(chunk, "timings")) {
      const json::value* rate = timings->if_contains("predicted_per_second");
      if (rate != nullptr && rate->is_number()) end_.tokens_per_second = rate->to_number<double>();
    }
    const json::value* choices = chunk.if_contains("choices");
    if (choices == nullptr || !choices->is_array() || choices->get_array().empty()) return {};
    if (!choices->get_array()[0].is_object()) return {};
    take_choice(choices->get_array()[0].get_object());
    return {};
  }

  void take_choice(const json::object& choice) {
    if (const json::object* delta = object_at(choice, "delta")) {
      if (const std::string text = text_at(*delta, "reasoning_content"); !text.empty()) news_.on_reasoning(text);
      if (const std::string text = text_at(*delta, "content"); !text.empty()) news_.on_text(text);
    }
    if (std::string reason = text_at(choice, "finish_reason"); !reason.empty()) end_.finish_reason = std::move(reason);
  }

  const ChatNews& news_;
  ChatEnd end_;
  http::SseReader events_{k_event_limit};
};

asio::awaitable<Result<ChatEnd>> ask(http::UnixClient& client, const fs::path& socket, const std::string& body,
                                     const ChatNews& news) {
  http::Ask request;
  request.method = "POST";
  request.target = "/v1/chat/completions";
  request.content_type = "application/json";
  request.body = body;
  auto answer = co_await client.ask(socket.native(), std::move(request));
  if (!answer) co_return Failure(std::move(answer).error().with("asking the server"));
  Reader reader(news);
  std::string refused;
  while (true) {
    auto bytes = co_await answer->read();
    if (!bytes) co_return fail(Code::network, "the server ended in the middle of its answer");
    if (bytes->empty()) break;
    if (answer->status() == 200) {
      EAI_CO_CHECK(reader.take(*bytes));
    } else if (refused.size() < k_refusal_limit) {
      refused.append(*bytes);
    }
  }
  if (answer->status() != 200) co_return Failure(refusal_of(answer->status(), refused));
  EAI_CO_TRY(ChatEnd end, std::move(reader).end());
  end.model = http::find_header(answer->headers(), "x-eai-model");
  co_return end;
}

}  // namespace

Result<ChatEnd> stream_chat(const fs::path& socket, const json::object& request, const ChatNews& news,
                            const std::stop_token& stop) {
  const std::string body = json::serialize(request);
  asio::io_context context(1);
  http::UnixClient client(context);
  Result<ChatEnd> outcome = fail(Code::cancelled, "stopped");
  asio::co_spawn(context, ask(client, socket, body, news), [&](std::exception_ptr thrown, Result<ChatEnd> result) {
    if (thrown) std::rethrow_exception(thrown);
    outcome = std::move(result);
  });
  const std::stop_callback end(stop, [&] { context.stop(); });
  context.run();
  return outcome;
}

}  // namespace eai::cli
