#include "api/image_events.h"

#include <chrono>

namespace eai::api {
namespace {

namespace json = boost::json;

std::int64_t now() {
  return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

template <typename T>
void take(const json::object& from, std::string_view key, T& to) {
  const json::value* value = from.if_contains(key);
  if (value == nullptr) return;
  if constexpr (std::is_same_v<T, std::string>) {
    if (value->is_string()) to = value->get_string();
  } else {
    boost::system::error_code error;
    auto n = value->to_number<T>(error);
    if (!error) to = n;
  }
}

ImageEvent from_json(const json::object& o) {
  ImageEvent e;
  take(o, "event", e.kind);
  take(o, "image", e.image);
  take(o, "step", e.step);
  take(o, "steps", e.steps);
  take(o, "position", e.position);
  take(o, "index", e.index);
  take(o, "width", e.width);
  take(o, "height", e.height);
  take(o, "n", e.n);
  take(o, "code", e.code);
  take(o, "seed", e.seed);
  take(o, "format", e.format);
  take(o, "b64", e.b64);
  take(o, "message", e.message);
  return e;
}

std::string size_text(int width, int height) { return std::to_string(width) + "x" + std::to_string(height); }

json::object usage() { return {{"total_tokens", 0}, {"input_tokens", 0}, {"output_tokens", 0}}; }

// Edits have event names of their own.
std::string kind_of(const ImageWish& wish, std::string_view what) {
  return (wish.act == ImageAct::generation ? "image_generation." : "image_edit.") + std::string(what);
}

std::string sse(const json::object& event) {
  const std::string data = json::serialize(event);
  return http::sse_event({.data = data, .event = event.at("type").as_string()});
}

}  // namespace

std::optional<ImageEvent> ImageEventReader::next() {
  while (const auto event = reader_.next()) {
    boost::system::error_code error;
    const json::value value = json::parse(event->data, error);
    if (!error && value.is_object()) return from_json(value.get_object());
  }
  return std::nullopt;
}

std::string images_answer(const ImageWish& wish, const std::string& id, const std::vector<DrawnImage>& images) {
  json::array data;
  for (const DrawnImage& image : images) {
    json::object entry;
    if (wish.as_url)
      entry["url"] = image.url;
    else
      entry["b64_json"] = image.b64;
    entry["seed"] = image.seed;
    data.push_back(std::move(entry));
  }
  json::object answer{{"created", now()},
                      {"id", id},
                      {"data", std::move(data)},
                      {"background", "opaque"},
                      {"output_format", wish.format},
                      {"quality", wish.quality},
                      {"usage", usage()}};
  if (!images.empty()) {
    answer["size"] = size_text(images.front().width, images.front().height);
    answer["seed"] = images.front().seed;
  }
  return json::serialize(answer);
}

std::string partial_event(const ImageWish& wish, const ImageEvent& event) {
  return sse({{"type", kind_of(wish, "partial_image")},
              {"b64_json", event.b64},
              {"created_at", now()},
              {"partial_image_index", event.index},
              {"size", size_text(event.width, event.height)},
              {"quality", wish.quality},
              {"background", "opaque"},
              {"output_format", "png"},
              {"image", event.image},
              {"step", event.step},
              {"total", event.steps}});
}

std::string completed_event(const ImageWish& wish, const DrawnImage& image, int index) {
  json::object event{{"type", kind_of(wish, "completed")},
                     {"created_at", now()},
                     {"size", size_text(image.width, image.height)},
                     {"quality", wish.quality},
                     {"background", "opaque"},
                     {"output_format", wish.format},
                     {"image", index},
                     {"seed", image.seed},
                     {"usage", usage()}};
  if (wish.as_url)
    event["url"] = image.url;
  else
    event["b64_json"] = image.b64;
  return sse(event);
}

std::string progress_event(const ImageWish& wish, const ImageEvent& event) {
  if (event.kind == "queued") return sse({{"type", kind_of(wish, "queued")}, {"position", event.position}});
  return sse(
      {{"type", kind_of(wish, "progress")}, {"image", event.image}, {"step", event.step}, {"total", event.steps}});
}

}  // namespace eai::api
