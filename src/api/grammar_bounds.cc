#include "api/grammar_bounds.h"

#include <algorithm>
#include <vector>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

Failure refuse(std::string_view path, const std::string& why) {
  return fail_about(std::string(path), Code::invalid, "the field '" + std::string(path) + "' " + why);
}

enum class Language { gbnf, pattern };  // in a pattern, quotes and '#' are ordinary characters

// Counts what a grammar unfolds to while it reads it once.
class GrammarReader {
 public:
  GrammarReader(std::string_view text, std::string_view path, Language language)
      : text_(text), path_(path), pattern_(language == Language::pattern) {}

  Result<void> read() {
    while (at_ < text_.size()) EAI_CHECK(step());
    return {};
  }

 private:
  struct Group {
    std::size_t elements = 0;
    std::size_t last = 0;   // of the item before, which a repetition multiplies
    bool repeated = false;  // it has a repetition already
  };

  Result<void> step() {
    const char c = text_[at_++];
    if (pattern_ && (c == '#' || c == '"')) return add(1);
    if (pattern_ && c == '?' && groups_.back().repeated) return {};  // it may be as short as possible
    if (pattern_ && c == '\\') {
      ++at_;
      return add(1);
    }
    switch (c) {
      case '#':
        at_ = std::min(text_.find('\n', at_), text_.size());
        return {};
      case '"':
        return skip_to('"');
      case '[':
        return skip_to(']');
      case '(':
        groups_.push_back({});
        if (groups_.size() > k_grammar_depth)
          return refuse(path_, "nests groups more than " + std::to_string(k_grammar_depth) + " deep");
        return {};
      case ')': {
        if (groups_.size() < 2) return {};  // the engine says what is wrong with it
        const std::size_t inside = groups_.back().elements + 1;
        groups_.pop_back();
        return add(inside);
      }
      case '+':
      case '*':
      case '?':
        return repeat(2);
      case '{':
        return repeat_counted();
      case '|':
      case ' ':
      case '\t':
      case '\r':
      case '\n':
        return {};
      default:
        return read_name();
    }
  }

  // A literal counts an element for each of its characters.
  Result<void> skip_to(char end) {
    std::size_t length = 1;
    while (at_ < text_.size() && text_[at_] != end) {
      at_ += text_[at_] == '\\' ? 2 : 1;
      ++length;
    }
    ++at_;
    return add(end == '"' ? length : 1);
  }

  Result<void> read_name() {
    if (pattern_) return add(1);
    const auto belongs = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    };
    while (at_ < text_.size() && belongs(text_[at_])) ++at_;
    return add(1);
  }

  Result<void> add(std::size_t elements) {
    Group& group = groups_.back();
    group.last = elements;
    group.repeated = false;
    group.elements += elements;
    return check(group.elements);
  }

  Result<void> repeat(std::size_t times) {
    Group& group = groups_.back();
    if (group.repeated) return refuse(path_, "repeats a repetition; put one bound on an item");
    group.repeated = true;
    group.elements += group.last * (std::max<std::size_t>(times, 1) - 1);
    return check(group.elements);
  }

  Result<void> repeat_counted() {
    const std::size_t end = text_.find('}', at_);
    const std::string_view inside = text_.substr(at_, std::min(end, text_.size()) - at_);
    at_ = end == std::string_view::npos ? text_.size() : end + 1;
    const std::size_t comma = inside.find(',');
    std::uint64_t most = 0;
    for (const std::string_view part :
         {inside.substr(0, comma), comma == inside.npos ? "" : inside.substr(comma + 1)}) {
      const auto begin = part.find_first_not_of(' ');
      if (begin == part.npos) continue;
      const auto number = parse_u64(part.substr(begin, part.find_last_not_of(' ') - begin + 1));
      most = std::max<std::uint64_t>(most, number.value_or(k_grammar_elements + 1));
    }
    if (most > k_grammar_elements) most = k_grammar_elements + 1;
    return repeat(static_cast<std::size_t>(most) + 1);
  }

  Result<void> check(std::size_t elements) {
    if (elements <= k_grammar_elements) return {};
    return refuse(path_, "unfolds to more than " + std::to_string(k_grammar_elements) + " elements");
  }

  std::string_view text_, path_;
  bool pattern_;
  std::size_t at_ = 0;
  std::vector<Group> groups_ = {{}};
};

class SchemaReader {
 public:
  explicit SchemaReader(std::string_view path) : path_(path) {}

  Result<void> read(const json::value& value, std::size_t depth = 0) {
    if (depth > k_schema_depth)
      return refuse(path_, "nests more than " + std::to_string(k_schema_depth) + " levels deep");
    if (++values_ > k_schema_values)
      return refuse(path_, "has more than " + std::to_string(k_schema_values) + " values");
    if (const json::array* list = value.if_array()) {
      for (const json::value& entry : *list) EAI_CHECK(read(entry, depth + 1));
      return {};
    }
    const json::object* object = value.if_object();
    if (object == nullptr) return {};
    EAI_CHECK(check_object(*object));
    for (const auto& [key, entry] : *object) {
      EAI_CHECK(check_member({key.data(), key.size()}, entry));
      EAI_CHECK(read(entry, depth + 1));
    }
    return {};
  }

 private:
  Result<void> check_object(const json::object& schema) {
    const json::value* properties = schema.if_contains("properties");
    if (properties == nullptr || !properties->is_object()) return {};
    const json::value* required = schema.if_contains("required");
    const std::size_t needed = required != nullptr && required->is_array() ? required->get_array().size() : 0;
    const std::size_t count = properties->get_object().size();
    if (count > needed && count - needed > k_schema_optional) {
      return refuse(path_, "has an object with more than " + std::to_string(k_schema_optional) +
                               " properties that are not required");
    }
    return {};
  }

  Result<void> check_member(std::string_view key, const json::value& value) {
    if (key == "enum" && value.is_array() && (choices_ += value.get_array().size()) > k_schema_choices)
      return refuse(path_, "has more than " + std::to_string(k_schema_choices) + " values in its enums");
    if (key == "$ref" && ++references_ > k_schema_references)
      return refuse(path_, "has more than " + std::to_string(k_schema_references) + " references");
    if (key == "pattern" && value.is_string())
      return check_pattern({value.get_string().data(), value.get_string().size()});
    const bool counts = key == "minLength" || key == "maxLength" || key == "minItems" || key == "maxItems";
    if (counts && value.is_number() && value.to_number<double>() > static_cast<double>(k_schema_count))
      return refuse(path_, "has a '" + std::string(key) + "' above " + std::to_string(k_schema_count));
    return {};
  }

  // An engine reads a pattern as it reads a grammar.
  Result<void> check_pattern(std::string_view pattern) {
    if (pattern.size() > k_schema_pattern)
      return refuse(path_, "has a pattern of more than " + std::to_string(k_schema_pattern) + " bytes");
    return GrammarReader(pattern, path_, Language::pattern).read();
  }

  std::string_view path_;
  std::size_t values_ = 0, choices_ = 0, references_ = 0;
};

}  // namespace

Result<void> check_grammar(std::string_view grammar, std::string_view path) {
  return GrammarReader(grammar, path, Language::gbnf).read();
}

Result<void> check_schema_size(const json::value& schema, std::string_view path) {
  return SchemaReader(path).read(schema);
}

}  // namespace eai::api
