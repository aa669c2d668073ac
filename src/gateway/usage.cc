#include "gateway/usage.h"

#include <charconv>
#include <initializer_list>

namespace eai::gateway {
namespace {

constexpr std::size_t k_looked_at = 8 * 1024;    // bytes at each end
constexpr std::size_t k_longest_object = 1'000;  // bytes of "timings" or "usage"

// The number behind `key` in `object`; `into` stays where there is none.
template <typename Number>
void take(std::string_view object, std::string_view key, Number& into) {
  const auto at = object.find(key);
  if (at == std::string_view::npos) return;
  const char* begin = object.data() + at + key.size();
  const char* end = object.data() + object.size();
  while (begin < end && *begin == ' ') ++begin;
  Number number{};
  if (std::from_chars(begin, end, number).ec == std::errc() && number >= 0) into = number;
}

// A quoted text inside a string has a backslash before each quote, so these names are found as keys only.
void look(std::string_view json, Usage& into) {
  for (std::string_view name : {std::string_view("\"usage\":"), std::string_view("\"timings\":")}) {
    for (auto at = json.find(name); at != std::string_view::npos; at = json.find(name, at + 1)) {
      const std::string_view object = json.substr(at + name.size(), k_longest_object);
      for (std::string_view key : {"\"prompt_tokens\":", "\"input_tokens\":", "\"prompt_n\":"}) {
        // An engine that found a part of the prompt in its cache says so apart.
        if (key != "\"prompt_n\":" || into.prompt == 0) take(object, key, into.prompt);
      }
      for (std::string_view key : {"\"completion_tokens\":", "\"output_tokens\":", "\"predicted_n\":"})
        take(object, key, into.generated);
      take(object, "\"predicted_per_second\":", into.per_second);
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
