#include "api/images_request.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <boost/json.hpp>

#include "api/json_tree.h"
#include "api/multipart.h"
#include "api/picture.h"
#include "api/shape.h"
#include "util/base64.h"
#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;
using Outcome = Result<void>;

constexpr std::size_t k_prompt_limit = 32000;         // bytes
constexpr std::uint64_t k_drawn_pixels = 32'000'000;  // of a picture, as the engine takes it
constexpr std::uint64_t k_sent_pixels = 64'000'000;   // of all pictures of a request
constexpr int k_side_limit = 16384;                   // pixels
constexpr std::int64_t k_seed_limit = (1LL << 53) - 1;

Failure refuse(std::string param, std::string message) {
  return fail_about(std::move(param), Code::invalid, std::move(message));
}

// A form has only text: "4" is a number there, "true" a truth.
std::optional<std::int64_t> whole(const json::value& value) {
  boost::system::error_code error;
  if (value.is_number()) {
    auto n = value.to_number<std::int64_t>(error);
    return error ? std::nullopt : std::optional(n);
  }
  if (const json::string* text = value.if_string()) {
    std::int64_t n = 0;
    auto read = std::from_chars(text->data(), text->data() + text->size(), n);
    if (read.ec == std::errc{} && read.ptr == text->data() + text->size() && !text->empty()) return n;
  }
  return {};
}

std::optional<double> real(const json::value& value) {
  boost::system::error_code error;
  if (value.is_number()) return value.to_number<double>(error);
  if (const json::string* text = value.if_string()) {
    double n = 0;
    auto read = std::from_chars(text->data(), text->data() + text->size(), n);
    if (read.ec == std::errc{} && read.ptr == text->data() + text->size() && std::isfinite(n)) return n;
  }
  return {};
}

std::optional<bool> truth(const json::value& value) {
  if (const bool* b = value.if_bool()) return *b;
  if (value == "true") return true;
  if (value == "false") return false;
  return {};
}

class Reader {
 public:
  explicit Reader(const json::object& body) : body_(body) {}

  // Into `to`, and to the engine under `engine_key` when that is not empty.
  Outcome text(const char* key, std::string& to, std::size_t limit, const char* engine_key = "") {
    const json::value* value = find(key);
    if (value == nullptr) return {};
    const json::string* string = value->if_string();
    if (string == nullptr) return refuse(key, std::string(key) + " must be text");
    if (string->size() > limit)
      return refuse(key, std::string(key) + " is too long: " + std::to_string(string->size()) + " bytes, " +
                             std::to_string(limit) + " are the most");
    to.assign(string->data(), string->size());
    if (*engine_key != '\0') engine[engine_key] = to;
    return {};
  }

  Outcome number(const char* key, std::int64_t low, std::int64_t high, const char* engine_key, int* to = nullptr) {
    const json::value* value = find(key);
    if (value == nullptr) return {};
    auto n = whole(*value);
    if (!n || *n < low || *n > high)
      return refuse(key, std::string(key) + " must be a whole number from " + std::to_string(low) + " to " +
                             std::to_string(high));
    if (*engine_key != '\0') engine[engine_key] = *n;
    if (to != nullptr) *to = static_cast<int>(*n);
    return {};
  }

  Outcome fraction(const char* key, double high) {
    const json::value* value = find(key);
    if (value == nullptr) return {};
    auto n = real(*value);
    if (!n || *n < 0 || *n > high)
      return refuse(key, std::string(key) + " must be a number from 0 to " + std::to_string(static_cast<int>(high)));
    engine[key] = *n;
    return {};
  }

  Outcome flag(const char* key, bool& to) {
    const json::value* value = find(key);
    if (value == nullptr) return {};
    auto b = truth(*value);
    if (!b) return refuse(key, std::string(key) + " must be true or false");
    to = *b;
    return {};
  }

  Outcome choice(const char* key, std::initializer_list<std::string_view> allowed, std::string& to) {
    if (auto read = text(key, to, 64); !read) return read;
    if (std::find(allowed.begin(), allowed.end(), to) != allowed.end()) return {};
    std::string names;
    for (std::string_view name : allowed) names += (names.empty() ? "" : ", ") + std::string(name);
    return refuse(key, std::string(key) + " must be one of " + names);
  }

  Outcome size() {
    std::string text_of_size;
    if (auto read = text("size", text_of_size, 32); !read) return read;
    const json::value* sides[] = {find("width"), find("height")};
    if (text_of_size.empty() || text_of_size == "auto") return size_of_sides(sides[0], sides[1]);
    if (sides[0] != nullptr || sides[1] != nullptr)
      return refuse("size", "give either size or width and height, not both");
    const char* end = text_of_size.data() + text_of_size.size();
    int width = 0;
    int height = 0;
    auto first = std::from_chars(text_of_size.data(), end, width);
    bool good = first.ec == std::errc{} && first.ptr != end && *first.ptr == 'x';
    auto second = good ? std::from_chars(first.ptr + 1, end, height) : first;
    good = good && second.ec == std::errc{} && second.ptr == end;
    if (!good) return refuse("size", "size must be auto or WIDTHxHEIGHT, such as 1024x1024");
    if (width < 1 || height < 1 || width > k_side_limit || height > k_side_limit)
      return refuse("size", "size " + text_of_size + " cannot be drawn: sides have 1 to 16384 pixels");
    engine["width"] = width;
    engine["height"] = height;
    return {};
  }

  // The fields that nobody has asked for.
  std::vector<std::string> unread() const {
    std::vector<std::string> out;
    for (const auto& [key, value] : body_) {
      const std::string_view name(key.data(), key.size());
      if (!value.is_null() && read_.count(name) == 0) out.push_back(printable(name, 64));
    }
    return out;
  }

  json::object engine;

 private:
  const json::value* find(std::string_view key) {
    read_.insert(key);
    const json::value* value = body_.if_contains(key);
    return value != nullptr && !value->is_null() ? value : nullptr;
  }

  // As other programs name the sides.
  Outcome size_of_sides(const json::value* width, const json::value* height) {
    if (width == nullptr && height == nullptr) return {};
    if (width == nullptr || height == nullptr) {
      const char* missing = width == nullptr ? "width" : "height";
      return refuse(missing, std::string(missing) + " is missing: give both sides, or size");
    }
    if (auto read = number("width", 1, k_side_limit, "width"); !read) return read;
    return number("height", 1, k_side_limit, "height");
  }

  const json::object& body_;
  std::set<std::string_view> read_;  // names that are literals
};

bool is_id(std::string_view id) {
  return std::all_of(id.begin(), id.end(),
                     [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; });
}

Outcome read_all(Reader& r, ImageWish& wish) {
  std::string prompt;
  std::string negative;
  std::string response_format = "b64_json";
  std::string background = "auto";
  for (auto step :
       {r.text("prompt", prompt, k_prompt_limit, "prompt"),
        r.text("negative_prompt", negative, k_prompt_limit, "negative_prompt"), r.text("model", wish.model, 256),
        r.text("id", wish.id, 64), r.number("n", 1, 10, "n", &wish.n), r.size(), r.number("steps", 1, 200, "steps"),
        r.number("seed", 0, k_seed_limit, "seed"), r.number("output_compression", 0, 100, "compression"),
        r.number("partial_images", 0, 3, "previews", &wish.partial_images), r.fraction("guidance", 100),
        r.fraction("cfg_scale", 100), r.fraction("strength", 1), r.flag("stream", wish.stream),
        r.flag("progress", wish.progress), r.choice("output_format", {"png", "jpeg", "webp"}, wish.format),
        r.choice("quality", {"auto", "low", "medium", "standard", "high", "hd", "xhigh", "max"}, wish.quality),
        r.choice("response_format", {"b64_json", "url"}, response_format),
        r.choice("background", {"auto", "opaque"}, background)})
    if (!step) return step;
  if (prompt.find('\0') != std::string::npos) return refuse("prompt", "prompt contains a NUL character");
  if (prompt.empty() && wish.act != ImageAct::variation)
    return refuse("prompt", "prompt is missing: say what is to be drawn");
  if (!is_id(wish.id)) return refuse("id", "id may contain only letters, digits, - and _");
  wish.as_url = response_format == "url";
  if (!wish.stream) r.engine.erase("previews");
  r.engine["format"] = wish.format;
  const bool above = wish.quality == "xhigh" || wish.quality == "max";  // no model has more than the steps of "high"
  r.engine["quality"] = above ? "high" : wish.quality;
  wish.ignored = r.unread();
  return {};
}

// The pictures of a form, made into what the engine reads. A mask goes as it is if the engine reads it, because its
// transparency says where to draw, and has to be of the picture's size.
class FormPictures {
 public:
  Outcome add(std::string_view name, ByteView file, bool resizable) {
    PictureBounds bounds;
    bounds.engine_pixels = k_drawn_pixels;
    if (!resizable) bounds.photo_pixels = bounds.pixels = bounds.held_pixels = k_drawn_pixels;
    auto picture = picture_for_engine(Bytes(file.begin(), file.end()), bounds);
    if (!picture)
      return refuse(std::string(name),
                    "the picture in '" + std::string(name) + "' cannot be used: " + picture.error().message);
    pixels_ += picture->pixels;
    if (pixels_ > k_sent_pixels)
      return refuse(std::string(name), "the pictures have more than 64 million pixels in all");
    if (name == "mask") {
      const std::string_view type = picture_type(file);
      mask = to_base64(type == "image/gif" || type == "image/bmp" ? text_of(picture->bytes) : text_of(file));
    } else {
      images.emplace_back(to_base64(text_of(picture->bytes)));
    }
    return {};
  }

  json::array images;
  std::string mask;

 private:
  std::uint64_t pixels_ = 0;
};

}  // namespace

Result<ImageWish> parse_generation(std::string text) {
  EAI_TRY(const JsonTree tree, JsonTree::parse(std::move(text)));
  ImageWish wish;
  Reader reader(tree.root());
  EAI_CHECK(read_all(reader, wish));
  wish.shape = shape_of("/generate", reader.engine);
  wish.engine_body = json::serialize(reader.engine);
  return wish;
}

Result<ImageWish> parse_image_form(ImageAct act, std::string_view content_type, std::string_view body) {
  auto form = parse_form(content_type, body);
  if (!form) return Failure(std::move(form).error());
  const bool masked = std::any_of(form->begin(), form->end(), [](const FormPart& part) { return part.name == "mask"; });
  json::object fields;
  FormPictures pictures;
  for (const FormPart& part : *form) {
    if (part.name == "image" || part.name == "image[]" || part.name == "mask") {
      const std::string_view name = part.name == "mask" ? "mask" : "image";
      EAI_CHECK(pictures.add(name, view_of(part.content), !masked));
    } else if (part.content.size() > 1024 * 1024) {
      return refuse(part.name, "a field of the form is too long");
    } else {
      fields[part.name] = part.content;
    }
  }
  ImageWish wish;
  wish.act = act;
  Reader reader(fields);
  EAI_CHECK(read_all(reader, wish));
  if (pictures.images.empty()) return refuse("image", "image is missing: send the picture as a file in the form");
  reader.engine["image"] = std::move(pictures.images);
  if (!pictures.mask.empty()) reader.engine["mask"] = pictures.mask;
  wish.shape = shape_of("/generate", reader.engine);
  wish.engine_body = json::serialize(reader.engine);
  return wish;
}

}  // namespace eai::api
