#include "cli/image_job.h"

#include <optional>

#include <boost/json.hpp>

#include "cli/server_answer.h"
#include "http/sse.h"
#include "util/base64.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t k_event_limit = 64 * k_mib;  // a picture, in base64
constexpr std::string_view k_boundary = "eai-8c1f3a52d96e4b07";

// A form (RFC 7578): fields as text, pictures as files.
std::string form_of(const ImageOrder& order) {
  std::string out;
  auto add = [&](std::string_view name, std::string_view more, std::string_view content) {
    out.append("--").append(k_boundary).append("\r\nContent-Disposition: form-data; name=\"").append(name);
    out.append("\"").append(more).append("\r\n\r\n").append(content).append("\r\n");
  };
  for (const auto& [name, value] : order.fields)
    add(name, "", value.is_string() ? std::string(value.get_string()) : json::serialize(value));
  add("image", "; filename=\"image\"\r\nContent-Type: application/octet-stream", order.picture);
  if (!order.mask.empty()) add("mask", "; filename=\"mask\"\r\nContent-Type: application/octet-stream", order.mask);
  return out.append("--").append(k_boundary).append("--\r\n");
}

// The stream, event by event.
class Reader {
 public:
  explicit Reader(const ImageNews& news) : news_(news) {}

  Result<void> take(std::string_view bytes) {
    EAI_CHECK(events_.feed(bytes));
    while (const auto event = events_.next()) EAI_CHECK(take_event(*event));
    return {};
  }

 private:
  Result<void> take_event(const http::SseEvent& event) {
    if (!event.comment.empty()) news_.on_wait(printable(event.comment, 100));
    if (event.data.empty()) return {};
    boost::system::error_code wrong;
    const json::value value = json::parse(event.data, wrong);
    if (wrong || !value.is_object()) return fail(Code::network, "the server sent an event that cannot be read");
    return take_news(value.get_object());
  }

  Result<void> take_news(const json::object& event) {
    if (const json::value* error = event.if_contains("error"); error != nullptr && error->is_object())
      return fail(Code::io, printable(text_in(error->get_object(), "message"), 2000));
    const std::string type = text_in(event, "type");
    auto is = [&](std::string_view what) { return type.ends_with(what); };
    auto whole = [&](const char* name) { return static_cast<int>(signed_in(event, name)); };
    if (is(".queued")) news_.on_wait("place " + std::to_string(whole("position")) + " in the queue");
    if (is(".progress")) news_.on_step(whole("image"), whole("step"), whole("total"));
    if (!is(".partial_image") && !is(".completed")) return {};
    auto bytes = from_base64(text_in(event, "b64_json"));
    if (!bytes) return fail(Code::network, "the server sent a picture that is not base64");
    if (is(".partial_image")) {
      news_.on_preview(*bytes);
      return {};
    }
    return news_.on_picture({whole("image"), signed_in(event, "seed"), text_in(event, "size"), *std::move(bytes)});
  }

  const ImageNews& news_;
  http::SseReader events_{k_event_limit};
};

}  // namespace

Result<void> draw_pictures(const fs::path& socket, const ImageOrder& order, const ImageNews& news,
                           const std::stop_token& stop) {
  const bool edit = !order.picture.empty();
  const ServerAsk post{
      .method = "POST",
      .target = edit ? "/v1/images/edits" : "/v1/images/generations",
      .body = edit ? form_of(order) : json::serialize(order.fields),
      .content_type = edit ? "multipart/form-data; boundary=" + std::string(k_boundary) : "application/json",
      .cut_off = "the server stopped before the picture was drawn"};
  Reader reader(news);
  EAI_CHECK(stream_from_server(
      socket, post, [&](std::string_view bytes) { return reader.take(bytes); }, stop));
  return {};
}

}  // namespace eai::cli
