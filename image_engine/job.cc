#include "job.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <random>

#include <boost/json.hpp>

#include "util/base64.h"

namespace eai::image_engine {
namespace {

namespace json = boost::json;
using Bad = tl::unexpected<BadRequest>;
using Outcome = tl::expected<void, BadRequest>;

Bad bad(std::string param, std::string message) { return Bad(BadRequest{std::move(param), std::move(message)}); }

// Null counts as absent.
const json::value* find(const json::object& body, std::string_view key) {
  const json::value* value = body.if_contains(key);
  return value != nullptr && !value->is_null() ? value : nullptr;
}

// The beginning of a long prompt, up to the end of a character.
std::string_view used_part(std::string_view text) {
  std::size_t end = std::min(text.size(), k_prompt_used);
  while (end < text.size() && end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
  return text.substr(0, end);
}

Outcome read_text(const json::object& body, std::string_view key, std::string& to) {
  const json::value* value = find(body, key);
  if (value == nullptr) return {};
  const json::string* text = value->if_string();
  std::string name(key);
  if (text == nullptr) return bad(name, name + " must be text");
  if (text->size() > k_prompt_limit)
    return bad(name,
               name + " has " + std::to_string(text->size()) + " bytes, more than " + std::to_string(k_prompt_limit));
  if (text->find('\0') != json::string::npos) return bad(name, name + " contains a NUL character");
  to = used_part({text->data(), text->size()});
  return {};
}

template <typename Int>
Outcome read_int(const json::object& body, std::string_view key, std::int64_t low, std::int64_t high, Int& to) {
  const json::value* value = find(body, key);
  if (value == nullptr) return {};
  boost::system::error_code error;
  auto number = value->to_number<std::int64_t>(error);
  std::string name(key);
  if (error || number < low || number > high)
    return bad(name, name + " must be a whole number from " + std::to_string(low) + " to " + std::to_string(high));
  to = static_cast<Int>(number);
  return {};
}

Outcome read_float(const json::object& body, std::string_view key, float high, float& to) {
  const json::value* value = find(body, key);
  if (value == nullptr) return {};
  boost::system::error_code error;
  auto number = value->to_number<double>(error);
  std::string name(key);
  if (error || !std::isfinite(number) || number < 0 || number > static_cast<double>(high))
    return bad(name, name + " must be a number from 0 to " + std::to_string(static_cast<int>(high)));
  to = static_cast<float>(number);
  return {};
}

tl::expected<Picture, BadRequest> read_picture(const json::value& value, const char* name) {
  const json::string* text = value.if_string();
  if (text == nullptr) return bad(name, std::string(name) + " must be base64 text");
  auto file = from_base64({text->data(), text->size()});
  if (!file) return bad(name, std::string(name) + " is not base64");
  auto picture = decode(*file, k_photo_pixels);
  if (!picture) return bad(name, std::string(name) + ": " + picture.error().message);
  return std::move(*picture);
}

Outcome read_pictures(const json::object& body, const Options& options, Request& to) {
  const std::int64_t most_pixels = options.bounds.max_pixels;
  int width = 0;  // of the first picture, as it was sent
  int height = 0;
  if (const json::value* image = find(body, "image")) {
    json::array one{*image};
    const json::array& list = image->is_array() ? image->get_array() : one;
    std::size_t most = options.defaults.edit == EditMode::reference ? k_reference_limit : 1;
    if (list.empty() || list.size() > most)
      return bad("image",
                 "this model takes 1 to " + std::to_string(most) + " pictures, not " + std::to_string(list.size()));
    for (const json::value& entry : list) {
      auto picture = read_picture(entry, "image");
      if (!picture) return Bad(picture.error());
      if (to.images.empty()) {
        width = picture->width;
        height = picture->height;
      }
      to.images.push_back(shrunk(flattened(*picture), most_pixels));
    }
  }
  const json::value* mask = find(body, "mask");
  if (mask == nullptr) return {};
  if (to.images.empty()) return bad("mask", "a mask needs an image");
  auto picture = read_picture(*mask, "mask");
  if (!picture) return Bad(picture.error());
  if (picture->width != width || picture->height != height)
    return bad("mask", "the mask is " + std::to_string(picture->width) + "x" + std::to_string(picture->height) +
                           ", the image " + std::to_string(width) + "x" + std::to_string(height) +
                           ": they must be of one size");
  to.mask = drawing_mask(shrunk(std::move(*picture), most_pixels));
  return {};
}

// The size of the picture to edit, made to fit what the model can draw.
void size_from_picture(const Picture& picture, const Bounds& bounds, Request& to) {
  auto fit = [&](int side) {
    return std::max(bounds.size_multiple, side / bounds.size_multiple * bounds.size_multiple);
  };
  to.width = fit(picture.width);
  to.height = fit(picture.height);
}

Outcome check_size(const Request& request, const Bounds& bounds) {
  int m = bounds.size_multiple;
  auto text = std::to_string(request.width) + "x" + std::to_string(request.height);
  if (request.width % m != 0 || request.height % m != 0)
    return bad("size", "the size " + text + " does not fit this model: width and height must be multiples of " +
                           std::to_string(m));
  if (static_cast<std::int64_t>(request.width) * request.height > bounds.max_pixels)
    return bad("size",
               "the size " + text + " is too large: " + std::to_string(bounds.max_pixels) + " pixels are the most");
  return {};
}

Outcome read_encoding(const json::object& body, Request& to) {
  if (const json::value* format = find(body, "format")) {
    const json::string* text = format->if_string();
    auto parsed =
        text != nullptr ? parse_format(*text) : Result<Format>(fail(Code::invalid, "the format must be text"));
    if (!parsed) return bad("output_format", parsed.error().message);
    to.encoding.format = *parsed;
  }
  if (const json::value* background = find(body, "background")) {
    if (*background != "opaque" && *background != "auto")
      return bad("background", "this engine draws opaque pictures only: background must be opaque or auto");
  }
  return read_int(body, "compression", 0, 100, to.encoding.quality);
}

// Without a number of steps, the quality asked for decides it.
Outcome read_quality(const json::object& body, const Options& options, Request& to) {
  std::string quality;
  if (auto read = read_text(body, "quality", quality); !read) return read;
  if (find(body, "steps") != nullptr) return {};
  if (quality == "low") to.steps = std::max(1, options.defaults.steps / 2);
  if (quality == "high" || quality == "hd") to.steps = std::min(k_steps_limit, options.defaults.steps * 3 / 2);
  return {};
}

std::int64_t random_seed() {
  std::random_device device;
  return device() & 0x7FFFFFFF;
}

Request with_defaults(const Options& options) {
  Request r;
  r.steps = options.defaults.steps;
  r.guidance = options.defaults.guidance;
  r.cfg_scale = options.defaults.cfg_scale;
  r.seed = random_seed();
  return r;
}

Outcome read_all(const json::object& body, const Options& options, Request& r) {
  for (auto step : {read_text(body, "prompt", r.prompt), read_text(body, "negative_prompt", r.negative_prompt),
                    read_int(body, "n", 1, k_count_limit, r.n), read_int(body, "steps", 1, k_steps_limit, r.steps),
                    read_int(body, "seed", 0, k_seed_limit, r.seed), read_int(body, "width", 1, 1 << 20, r.width),
                    read_int(body, "height", 1, 1 << 20, r.height), read_float(body, "guidance", 100, r.guidance),
                    read_float(body, "cfg_scale", 100, r.cfg_scale), read_float(body, "strength", 1, r.strength),
                    read_int(body, "previews", 0, k_preview_limit, r.previews), read_encoding(body, r)})
    if (!step) return step;
  if (auto quality = read_quality(body, options, r); !quality) return quality;
  if (r.strength <= 0) return bad("strength", "strength must be above 0");
  if (auto pictures = read_pictures(body, options, r); !pictures) return pictures;
  if (r.prompt.empty() && r.images.empty()) return bad("prompt", "a prompt is needed: what is to be drawn");
  if ((r.width == 0) != (r.height == 0)) return bad("size", "width and height come together");
  if (r.width == 0 && !r.images.empty()) size_from_picture(r.images.front(), options.bounds, r);
  if (r.width == 0) {
    r.width = options.defaults.width;
    r.height = options.defaults.height;
  }
  return check_size(r, options.bounds);
}

}  // namespace

std::size_t held_by(const Request& request) {
  std::size_t bytes = request.mask.pixels.size();
  for (const Picture& image : request.images) bytes += image.pixels.size();
  return bytes;
}

tl::expected<Request, BadRequest> parse_request(std::string_view text, const Options& options) {
  boost::system::error_code error;
  json::value value = json::parse(text, error);
  if (error) return bad("", "the body is not JSON: " + error.message());
  if (!value.is_object()) return bad("", "the body must be a JSON object");
  Request request = with_defaults(options);
  if (auto read = read_all(value.get_object(), options, request); !read) return Bad(read.error());
  if (options.image_metadata)
    request.encoding.text = request.prompt + "\nSteps: " + std::to_string(request.steps) +
                            ", Size: " + std::to_string(request.width) + "x" + std::to_string(request.height);
  return request;
}

}  // namespace eai::image_engine
