#include "api/responses_parts.h"

#include "api/fields.h"
#include "api/json_read.h"

namespace eai::api {
namespace {

namespace json = boost::json;

Failure missing(const std::string& path) {
  return fail_about(path, Code::invalid, "the field '" + path + "' is missing");
}

json::value text_part(json::value&& text) {
  json::object part(text.storage());
  part["type"] = "text";
  part["text"] = std::move(text);
  return json::value(std::move(part));
}

Result<json::value> take_text(json::object& part, std::string_view name, const std::string& path) {
  json::value* text = member(part, name);
  const std::string where = path + "." + std::string(name);
  if (text == nullptr) return missing(where);
  if (!text->is_string()) return bad_field(where, "a string");
  return text_part(std::move(*text));
}

Result<json::value> take_picture(json::object& part, const std::string& path) {
  json::value* given = member(part, "image_url");
  if (given == nullptr && member(part, "file_id") != nullptr) {
    return fail_about(path + ".file_id", Code::invalid,
                      "this server keeps no files; send the picture as 'image_url', a data: URI or an address");
  }
  const std::string where = path + ".image_url";
  if (given == nullptr) return missing(where);
  json::value* url = given->is_object() ? member(given->get_object(), "url") : given;
  if (url == nullptr) return missing(where + ".url");
  if (!url->is_string()) return bad_field(where, "a string: a data: URI or an address");
  json::object image(part.storage());
  image["url"] = std::move(*url);
  json::object made(part.storage());
  made["type"] = "image_url";
  made["image_url"] = std::move(image);
  return json::value(std::move(made));
}

Result<json::value> chat_part(json::value& given, const std::string& path) {
  json::object* part = given.if_object();
  if (part == nullptr) return bad_field(path, "an object");
  const std::string_view type = text_in(*part, "type");
  const bool untyped_text = member(*part, "type") == nullptr && member(*part, "text") != nullptr;
  if (untyped_text || type == "input_text" || type == "output_text" || type == "text")
    return take_text(*part, "text", path);
  if (type == "refusal") return take_text(*part, "refusal", path);
  if (type == "input_image" || type == "image_url") return take_picture(*part, path);
  if (type == "input_file") {
    return fail_about(path + ".type", Code::invalid,
                      "'" + path + "' is a file, and files are not read here; send its text as 'input_text'");
  }
  if (type == "input_audio") {
    return fail_about(path + ".type", Code::invalid, "'" + path + "' is audio, which is not taken here");
  }
  return bad_field(path + ".type", R"("input_text", "input_image", "output_text" or "refusal")");
}

bool is_text(const json::value& part) { return text_in(part.get_object(), "type") == "text"; }

}  // namespace

Result<json::value> chat_content(json::object& of, std::string_view name, const std::string& path) {
  const std::string where = path + "." + std::string(name);
  json::value* given = member(of, name);
  if (given == nullptr) return missing(where);
  if (given->is_string()) return std::move(*given);
  if (!given->is_array()) return bad_field(where, "a string or a list of parts");
  json::array& parts = given->get_array();
  json::array made(of.storage());
  made.reserve(parts.size());
  for (std::size_t i = 0; i < parts.size(); ++i) {
    EAI_TRY(json::value part, chat_part(parts[i], path_at(where, i)));
    made.push_back(std::move(part));
  }
  if (made.empty()) return json::value("", of.storage());
  if (made.size() == 1 && is_text(made[0])) return std::move(made[0].get_object()["text"]);
  return json::value(std::move(made));
}

Result<std::string> words_in(json::object& of, std::string_view name, const std::string& path) {
  if (member(of, name) == nullptr) return std::string();
  EAI_TRY(json::value content, chat_content(of, name, path));
  if (content.is_string()) return std::string(text_of(&content));
  std::string out;
  const json::array& parts = content.get_array();
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (!is_text(parts[i])) {
      return bad_field(path_at(path + "." + std::string(name), i) + ".type", R"("output_text" or "refusal")");
    }
    if (i > 0) out += '\n';
    out += text_in(parts[i].get_object(), "text");
  }
  return out;
}

}  // namespace eai::api
