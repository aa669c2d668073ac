#include "api/json_tree.h"

#include <new>

namespace eai::api {
namespace {

namespace json = boost::json;

constexpr std::size_t k_surrogate = 6;  // characters of "\ud83d"

// Memory that is given back all at once, and of which there is only so much.
class Bounded final : public json::memory_resource {
 private:
  void* do_allocate(std::size_t size, std::size_t align) override {
    taken_ += size;
    if (taken_ > k_tree_limit) throw std::bad_alloc();
    return pool_.allocate(size, align);
  }
  void do_deallocate(void* at, std::size_t size, std::size_t align) override { pool_.deallocate(at, size, align); }
  bool do_is_equal(const json::memory_resource& other) const noexcept override { return this == &other; }

  unsigned char first_[896];  // enough for a short request
  json::monotonic_resource pool_{first_, sizeof first_};
  std::size_t taken_ = 0;
};
static_assert(sizeof(Bounded) <= 1024, "malloc keeps blocks of this size at hand");

// The number that "\uXXXX" at this place stands for; 0 if there is no such escape.
unsigned escape_at(std::string_view text, std::size_t at) {
  if (at + k_surrogate > text.size() || text[at] != '\\' || text[at + 1] != 'u') return 0;
  unsigned value = 0;
  for (const char c : text.substr(at + 2, 4)) {
    const char* const digits = "0123456789abcdef";
    const std::size_t digit = std::string_view(digits).find(static_cast<char>(c | 0x20));
    if (digit == std::string_view::npos || (c >= '0' && c <= '9' ? digit > 9 : digit < 10)) return 0;
    value = value * 16 + static_cast<unsigned>(digit);
  }
  return value;
}

bool is_high(unsigned unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low(unsigned unit) { return unit >= 0xdc00 && unit < 0xe000; }

// Writes U+FFFD, which is as long, in place of every surrogate that stands alone.
bool mend_surrogates(std::string& text) {
  bool mended = false;
  for (std::size_t at = text.find('\\'); at != std::string::npos; at = text.find('\\', at)) {
    const unsigned unit = escape_at(text, at);
    if (is_high(unit) && is_low(escape_at(text, at + k_surrogate))) {
      at += 2 * k_surrogate;
    } else if (is_high(unit) || is_low(unit)) {
      text.replace(at, k_surrogate, "\\ufffd");
      mended = true;
      at += k_surrogate;
    } else {
      at += 2;  // an escaped character, which may be a backslash
    }
  }
  return mended;
}

json::value parse_once(std::string_view text, const json::storage_ptr& memory, json::error_code& error,
                       std::size_t& used) {
  json::parse_options options;
  options.max_depth = k_max_depth;
  unsigned char scratch[4096];
  json::stream_parser parser(json::storage_ptr(), options, scratch);
  parser.reset(memory);
  used = parser.write_some(text.data(), text.size(), error);
  if (!error && used < text.size()) error = json::error::extra_data;
  if (!error) parser.finish(error);
  return error ? json::value() : parser.release();
}

// A text of another coding than UTF-8 can be told by where its zeros stand, since JSON begins with an ASCII character.
Result<std::string> utf8_of(std::string text) {
  const auto starts = [&](std::string_view mark) { return text.compare(0, mark.size(), mark) == 0; };
  const auto is_zero = [&](std::size_t at) { return text.size() > at && text[at] == 0; };
  std::string_view coding;
  if (starts({"\xff\xfe\0\0", 4}) || starts({"\0\0\xfe\xff", 4}) || (is_zero(1) && is_zero(2)) ||
      (is_zero(0) && is_zero(1))) {
    coding = "UTF-32";
  } else if (starts("\xff\xfe") || starts("\xfe\xff") || is_zero(0) || is_zero(1)) {
    coding = "UTF-16";
  }
  if (!coding.empty()) return fail(Code::invalid, "the body is " + std::string(coding) + "; JSON is sent in UTF-8");
  if (starts("\xef\xbb\xbf")) text.erase(0, 3);
  return text;
}

Failure not_json(const json::error_code& error, std::size_t at, std::string_view text) {
  if (error == json::error::too_deep) {
    return fail(Code::invalid, "the body is nested more than " + std::to_string(k_max_depth) + " levels deep");
  }
  const std::string where = " at byte " + std::to_string(at);
  const unsigned char byte = at < text.size() ? static_cast<unsigned char>(text[at]) : 0;
  if (byte >= 0x80) {
    return fail(Code::invalid, "the body is not UTF-8" + where + "; JSON is sent in UTF-8");
  }
  return fail(Code::invalid, "the body is not valid JSON: " + error.message() + where);
}

}  // namespace

Result<JsonTree> JsonTree::parse(std::string sent) {
  EAI_TRY(std::string text, utf8_of(std::move(sent)));
  JsonTree tree;
  json::error_code error;
  std::size_t used = 0;
  try {
    tree.memory_ = std::make_unique_for_overwrite<Bounded>();  // which clears nothing
    json::value value = parse_once(text, tree.memory_.get(), error, used);
    if (error && mend_surrogates(text)) value = parse_once(text, tree.memory_.get(), error, used);
    if (error) return not_json(error, used, text);
    if (!value.is_object()) return fail(Code::invalid, "the body must be a JSON object");
    tree.value_.emplace(std::move(value));
  } catch (const std::bad_alloc&) {
    return fail(Code::invalid, "the body has too many values");
  }
  return tree;
}

}  // namespace eai::api
