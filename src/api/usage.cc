#include "api/usage.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace eai::api {
namespace {

constexpr std::size_t k_looked_at = 8 * 1024;    // bytes at each end
constexpr std::size_t k_longest_object = 1'000;  // bytes of "timings" or "usage"

// With their quotes: a quoted text inside a string has a backslash before each, so they are found as keys only.
constexpr std::array<std::string_view, 2> k_objects = {R"("usage")", R"("timings")"};
constexpr std::array<std::string_view, 2> k_prompt = {R"("prompt_tokens")", R"("input_tokens")"};
constexpr std::string_view k_prompt_seen = R"("prompt_n")";  // without what the engine found in its cache
constexpr std::array<std::string_view, 3> k_generated = {R"("completion_tokens")", R"("output_tokens")",
                                                         R"("predicted_n")"};
constexpr std::string_view k_speed = R"("predicted_per_second")";

template <typename Keys>
bool ends_with_one_of(std::string_view text, const Keys& keys) {
  // Most keys of an answer differ in the letter before the quote.
  const char last = text.size() < 2 ? '\0' : text[text.size() - 2];
  return std::any_of(keys.begin(), keys.end(),
                     [&](std::string_view key) { return key[key.size() - 2] == last && text.ends_with(key); });
}

// The number that `text` begins with; `into` stays as it is if there is none.
template <typename Number>
void take(std::string_view text, Number& into) {
  const auto begin = std::min(text.find_first_not_of(' '), text.size());
  Number number{};
  if (std::from_chars(text.data() + begin, text.data() + text.size(), number).ec == std::errc() && number >= 0)
    into = number;
}

void look(std::string_view json, Usage& into) {
  std::size_t inside = 0;  // up to here may reach the object that was found last
  for (auto colon = json.find(':'); colon != std::string_view::npos; colon = json.find(':', colon + 1)) {
    const std::string_view key = json.substr(0, colon), value = json.substr(colon + 1);
    if (ends_with_one_of(key, k_objects)) {
      inside = colon + k_longest_object;
    } else if (colon < inside) {
      if (ends_with_one_of(key, k_prompt)) take(value, into.prompt);
      if (into.prompt == 0 && key.ends_with(k_prompt_seen)) take(value, into.prompt);
      if (ends_with_one_of(key, k_generated)) take(value, into.generated);
      if (key.ends_with(k_speed)) take(value, into.per_second);
    }
  }
}

}  // namespace

void read_usage(std::string_view json, Usage& into) {
  if (json.size() <= 2 * k_looked_at) {
    look(json, into);
    return;
  }
  look(json.substr(0, k_looked_at), into);
  look(json.substr(json.size() - k_looked_at), into);
}

}  // namespace eai::api
