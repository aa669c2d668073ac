#include "util/toml_edit.h"

#include <optional>

#include <toml++/toml.h>

#include "util/text.h"

namespace eai {
namespace {

// Offsets of the lines' beginnings; toml++ counts lines and letters from 1.
class Lines {
 public:
  explicit Lines(std::string_view text) : text_(text) {
    for (std::size_t at = 0; at < text.size(); ++at)
      if (text[at] == '\n') begins_.push_back(at + 1);
  }
  std::size_t begin_of(std::size_t line) const { return line - 1 < begins_.size() ? begins_[line - 1] : text_.size(); }
  std::size_t end_of(std::size_t line) const { return begin_of(line + 1); }  // behind the line's break
  std::size_t offset(const toml::source_position& place) const {
    std::size_t at = begin_of(place.line);
    for (std::uint32_t column = 1; column < place.column && at < text_.size(); ++column) {
      ++at;
      while (at < text_.size() && (static_cast<unsigned char>(text_[at]) & 0xC0U) == 0x80U) ++at;
    }
    return at;
  }

 private:
  std::string_view text_;
  std::vector<std::size_t> begins_{0};
};

Result<toml::table> parse(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    return fail(Code::invalid, "line " + std::to_string(error.source().begin.line) + ": " +
                                   printable(std::string(error.description())));
  }
}

std::string joined(const TomlPath& path) { return path[0] + "." + path[1]; }

Failure not_safe(const TomlPath& path) {
  return fail(Code::unsupported, joined(path) + " stands where it cannot be changed safely; edit the file");
}

// Everything but the key means the same in both.
bool differ_only_in(toml::table before, toml::table after, const TomlPath& path) {
  for (toml::table* one : {&before, &after}) {
    auto* table = (*one)[path[0]].as_table();
    if (table == nullptr) continue;
    table->erase(path[1]);
    if (table->empty()) one->erase(path[0]);
  }
  return before == after;
}

// A key as it is written: quoted if it has more than letters, digits, '_' and '-'.
std::string key_text(const std::string& key) {
  constexpr std::string_view k_bare = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
  return !key.empty() && key.find_first_not_of(k_bare) == std::string::npos ? key : toml_literal(key);
}

// Where a new key goes, and how it is written there.
struct Spot {
  std::size_t offset = 0;
  std::string text;
};

Spot spot_for(std::string_view text, const toml::table& root, const TomlPath& path, std::string_view literal) {
  const Lines lines(text);
  const std::string line = key_text(path[1]) + " = " + std::string(literal) + "\n";
  const toml::table* table = root[path[0]].as_table();
  if (table == nullptr) {
    std::string gap = text.empty() ? "" : text.ends_with('\n') ? "\n" : "\n\n";
    return {text.size(), gap + "[" + path[0] + "]\n" + line};
  }
  const std::size_t header = lines.begin_of(table->source().begin.line);
  if (text.substr(header).starts_with('[')) {
    const std::size_t end = lines.end_of(table->source().begin.line);
    return {end, (end > 0 && text[end - 1] != '\n' ? "\n" : "") + line};
  }
  // Its keys are written as server.port, before any table.
  return {header, path[0] + "." + line};
}

Result<std::string> checked(const toml::table& before, std::string after, const TomlPath& path, bool is_there) {
  auto parsed = parse(after);
  if (!parsed || !differ_only_in(before, *parsed, path) || static_cast<bool>((*parsed)[path[0]][path[1]]) != is_there)
    return not_safe(path);
  return after;
}

}  // namespace

std::string toml_literal(std::string_view text) {
  std::string out = "\"";
  for (const char each : text) {
    if (each == '"' || each == '\\') out += '\\';
    if (static_cast<unsigned char>(each) < ' ' || each == '\x7f') {
      constexpr std::string_view k_hex = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(each);
      out.append("\\u00").append({k_hex[byte >> 4U], k_hex[byte & 15U]});
    } else {
      out += each;
    }
  }
  return out + "\"";
}

std::string toml_literal(const std::vector<std::string>& texts) {
  std::string out = "[";
  for (const std::string& text : texts) out += (out.size() > 1 ? ", " : "") + toml_literal(text);
  return out + "]";
}

Result<std::string> with_toml_value(std::string_view text, const TomlPath& path, std::string_view literal) {
  EAI_TRY(const toml::table before, parse(text));
  EAI_CHECK(parse("x = " + std::string(literal)));
  std::string after(text);
  if (const toml::node* node = before[path[0]][path[1]].node()) {
    const Lines lines(text);
    const std::size_t begin = lines.offset(node->source().begin), end = lines.offset(node->source().end);
    if (begin >= end) return not_safe(path);
    after.replace(begin, end - begin, literal);
  } else {
    const Spot spot = spot_for(text, before, path, literal);
    after.insert(spot.offset, spot.text);
  }
  return checked(before, std::move(after), path, true);
}

Result<std::string> without_toml_value(std::string_view text, const TomlPath& path) {
  EAI_TRY(const toml::table before, parse(text));
  const toml::node* node = before[path[0]][path[1]].node();
  if (node == nullptr) return std::string(text);
  const Lines lines(text);
  const std::size_t begin = lines.begin_of(node->source().begin.line), end = lines.end_of(node->source().end.line);
  std::string after(text);
  after.erase(begin, end - begin);
  return checked(before, std::move(after), path, false);
}

}  // namespace eai
