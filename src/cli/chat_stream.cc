#include "cli/chat_stream.h"

#include <boost/json.hpp>

#include "cli/server_answer.h"
#include "http/sse.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

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
      return fail(Code::io, printable(text_in(*error, "message"), 2000));
    if (const json::object* usage = object_at(chunk, "usage")) {
      end_.prompt_tokens = static_cast<std::uint64_t>(signed_in(*usage, "prompt_tokens"));
      end_.generated_tokens = static_cast<std::uint64_t>(signed_in(*usage, "completion_tokens"));
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
      if (const std::string text = text_in(*delta, "reasoning_content"); !text.empty()) news_.on_reasoning(text);
      if (const std::string text = text_in(*delta, "content"); !text.empty()) news_.on_text(text);
    }
    if (std::string reason = text_in(choice, "finish_reason"); !reason.empty()) end_.finish_reason = std::move(reason);
  }

  const ChatNews& news_;
  ChatEnd end_;
  http::SseReader events_{k_event_limit};
};

}  // namespace

Result<ChatEnd> stream_chat(const fs::path& socket, const json::object& request, const ChatNews& news,
                            const std::stop_token& stop) {
  const ServerAsk post{.method = "POST",
                       .target = "/v1/chat/completions",
                       .body = json::serialize(request),
                       .cut_off = "the server ended in the middle of its answer"};
  Reader reader(news);
  EAI_TRY(const auto headers, stream_from_server(
                                  socket, post, [&](std::string_view bytes) { return reader.take(bytes); }, stop));
  EAI_TRY(ChatEnd end, std::move(reader).end());
  end.model = http::find_header(headers, "x-eai-model");
  return end;
}

}  // namespace eai::cli
