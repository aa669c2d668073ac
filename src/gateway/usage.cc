#include "gateway/usage.h"

#include <charconv>
#include <initializer_list>

namespace eai::gateway {
namespace {

constexpr std::size_t k_looked_at = 8 * 1024;    // bytes at each end
constexpr std::size_t k_longest_object = 1'000;  // bytes of "timings" or "usage"

// Behind `"<key>":`, or npos. What is looked for begins with a letter: JSON is full of quotes.
std::size_t behind_key(std::string_view json, std::string_view key, std::size_t from = 0) {
  for (auto at = json.find(key, from); at != std::string_view::npos; at = json.find(key, at + 1)) {
    const auto end = at + key.size();
    if (at > 0 && json[at - 1] == '"' && json.substr(end, 2) == "\":") return end + 2;
  }
  return std::string_view::npos;
}

// The number behind `key` in `object`; `into` stays where there is none.
template <typename Number>
void take(std::string_view object, std::string_view key, Number& into) {
  const auto at = behind_key(object, key);
  if (at == std::string_view::npos) return;
  const char* begin = object.data() + at;
  const char* end = object.data() + object.size();
  while (begin < end && *begin == ' ') ++begin;
  Number number{};
  if (std::from_chars(begin, end, number).ec == std::errc() && number >= 0) into = number;
}

// A quoted text inside a string has a backslash before each quote, so these names are found as keys only.
void look(std::string_view json, Usage& into) {
  for (std::string_view name : {"usage", "timings"}) {
    for (auto at = behind_key(json, name); at != std::string_view::npos; at = behind_key(json, name, at)) {
      const std::string_view object = json.substr(at, k_longest_object);
      for (std::string_view key : {"prompt_tokens", "input_tokens", "prompt_n"}) {
        // An engine that found a part of the prompt in its cache says so apart.
        if (key != "prompt_n" || into.prompt == 0) take(object, key, into.prompt);
      }
      for (std::string_view key : {"completion_tokens", "output_tokens", "predicted_n"})
        take(object, key, into.generated);
      take(object, "predicted_per_second", into.per_second);
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

}  // namespace eai::gateway
