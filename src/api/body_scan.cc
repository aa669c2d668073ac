#include "api/body_scan.h"

#include <algorithm>
#include <array>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>

#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_kept = 512;  // bytes kept of a key or of a value we look at

constexpr std::size_t k_usual_depth = 6;

// Where in the document we are, as far as it matters here.
enum class Place { root, messages, message, content, part, elsewhere };

class Handler {
 public:
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  Handler() { stack_.reserve(k_usual_depth); }

  BodyFacts facts;
  bool root_is_object = false;

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }

  bool on_object_begin(json::error_code&) {
    if (stack_.empty()) root_is_object = true;
    note(Kind::object);
    stack_.push_back({place_of_child(Kind::object), {}});
    return true;
  }
  bool on_object_end(std::size_t, json::error_code&) { return leave(); }
  bool on_array_begin(json::error_code&) {
    note(Kind::array);
    stack_.push_back({place_of_child(Kind::array), {}});
    return true;
  }
  bool on_array_end(std::size_t n, json::error_code&) {
    leave();
    if (at_root("input") && n == 0) facts.input_is_empty = true;
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
  bool on_key(json::string_view part, std::size_t, json::error_code&) {
    keep(part);
    stack_.back().key = std::move(text_);
    text_.clear();
    ++literals_;
    return true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) { return keep(part); }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    keep(part);
    note(Kind::string);
    text_.clear();
    ++literals_;
    return true;
  }

  bool on_number_part(json::string_view, json::error_code&) { return true; }
  bool on_int64(std::int64_t, json::string_view, json::error_code&) { return note(Kind::number); }
  bool on_uint64(std::uint64_t, json::string_view, json::error_code&) { return note(Kind::number); }
  bool on_double(double, json::string_view, json::error_code&) { return note(Kind::number); }
  bool on_bool(bool value, json::error_code&) {
    if (at_root("stream")) facts.stream = value;
    return note(Kind::boolean);
  }
  bool on_null(json::error_code&) { return note(Kind::null); }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }

 private:
  struct Level {
    Place place;
    std::string key;  // the one whose value comes next; objects only
  };

  bool keep(json::string_view part) {
    text_.append(part.data(), std::min(part.size(), k_kept - std::min(k_kept, text_.size())));
    return true;
  }

  bool leave() {
    stack_.pop_back();
    return true;
  }

  // Under a field that the engine's APIs read content from.
  bool in_content() const {
    const std::string& root = stack_.front().key;
    return stack_.size() > 1 && (root == "messages" || root == "input" || root == "prompt");
  }

  // "image_url": "…", "image_url": {"url": "…"} and "source": {"url": "…"}, as the three APIs have them.
  bool is_picture_address() const {
    const std::string& key = stack_.back().key;
    if (!in_content()) return false;
    if (key == "image_url") return true;
    const std::string& above = stack_[stack_.size() - 2].key;
    return key == "url" && (above == "image_url" || above == "source");
  }

  // Whatever key it stands behind: the engine's APIs name such fields differently, and an address that is missed is one
  // that the engine opens from inside this machine.
  bool is_media_address() const {
    static constexpr std::array<std::string_view, 8> k_keys = {"url",       "image_url",   "data",     "video_url",
                                                               "audio_url", "input_video", "file_url", "input_audio"};
    return in_content() && std::find(k_keys.begin(), k_keys.end(), stack_.back().key) != k_keys.end();
  }

  std::string scheme() const {
    const auto end = text_.find(':');
    if (end == std::string::npos) return {};
    std::string out = text_.substr(0, end + 1);
    for (char& c : out)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    return out;
  }

  bool at_root(std::string_view key) const { return stack_.size() == 1 && stack_.back().key == key; }

  Place place_of_child(Kind kind) const {
    if (stack_.empty()) return kind == Kind::object ? Place::root : Place::elsewhere;
    const Level& parent = stack_.back();
    bool object = kind == Kind::object;
    switch (parent.place) {
      case Place::root:
        return !object && parent.key == "messages" ? Place::messages : Place::elsewhere;
      case Place::messages:
        return object ? Place::message : Place::elsewhere;
      case Place::message:
        return !object && parent.key == "content" ? Place::content : Place::elsewhere;
      case Place::content:
        return object ? Place::part : Place::elsewhere;
      default:
        return Place::elsewhere;
    }
  }

  // A value of this kind stands at the current place; text_ is its beginning if it is a string.
  bool note(Kind kind) {
    if (stack_.empty()) return true;
    const Level& here = stack_.back();
    if (here.place == Place::root) {
      note_root(here.key, kind);
    } else if (here.place == Place::messages) {
      ++facts.message_count;
      if (kind != Kind::object) facts.messages_are_objects = false;
    } else if (kind == Kind::string && is_picture_address()) {
      note_image(here.place == Place::part);
    } else if (kind == Kind::string && is_media_address()) {
      const std::string found = scheme();
      if (found.starts_with("http") || found == "file:") facts.remote_media = true;
    }
    return true;
  }

  void note_root(const std::string& key, Kind kind) {
    if (key == "model") {
      facts.model_kind = kind;
      if (kind == Kind::string) facts.model = text_.substr(0, k_model_name_limit);
    } else if (key == "stream") {
      facts.stream_kind = kind;
      if (kind != Kind::boolean) facts.stream = false;
    } else if (key == "messages") {
      facts.messages = kind;
    } else if (key == "prompt") {
      facts.prompt = kind;
    } else if (key == "input") {
      facts.input = kind;
      facts.input_is_empty = kind == Kind::string && text_.empty();
    }
  }

  void note_image(bool bare) {
    ++facts.images;
    const std::string found = scheme();
    const bool remote = found == "http:" || found == "https:";
    if (!remote && found != "data:" && facts.strange_image.empty()) facts.strange_image = printable(text_, 60);
    if ((remote || bare) && facts.spots.size() <= k_max_image_spots) facts.spots.push_back({literals_, remote, bare});
  }

  std::vector<Level> stack_;
  std::string text_;
  std::size_t literals_ = 0;  // strings that ended
};

}  // namespace

Result<BodyFacts> scan_body(std::string_view text) {
  json::parse_options options;
  options.max_depth = k_max_depth;
  json::basic_parser<Handler> parser(options);
  json::error_code error;
  std::size_t used = parser.write_some(false, text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (error) {
    return fail(Code::invalid, "the body is not valid JSON: " + error.message() + " at byte " + std::to_string(used));
  }
  if (!parser.handler().root_is_object) return fail(Code::invalid, "the body must be a JSON object");
  return std::move(parser.handler().facts);
}

std::vector<std::string_view> find_literals(std::string_view json, const std::vector<ImageSpot>& spots) {
  std::vector<std::string_view> out;
  std::size_t at = 0;
  for (std::size_t count = 0; out.size() < spots.size(); ++count) {
    const std::size_t begin = json.find('"', at);
    if (begin == std::string_view::npos) break;
    at = begin + 1;
    while (at < json.size() && json[at] != '"') at += json[at] == '\\' ? 2 : 1;
    ++at;
    if (count == spots[out.size()].literal) out.push_back(json.substr(begin, at - begin));
  }
  return out;
}

}  // namespace eai::api
