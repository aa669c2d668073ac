#include "gateway/usage.h"

#include <array>
#include <charconv>

#include <string.h>

namespace eai::gateway {
namespace {

constexpr std::size_t k_looked_at = 8 * 1024;    // bytes at each end
constexpr std::size_t k_longest_object = 1'000;  // bytes of "timings" or "usage"

using Keys = std::array<std::string_view, 3>;
constexpr std::array<std::string_view, 2> k_objects = {R"("usage":)", R"("timings":)"};
constexpr std::string_view k_prompt_seen = R"("prompt_n":)";  // without what an engine found in its cache
constexpr Keys k_prompt = {R"("prompt_tokens":)", R"("input_tokens":)", k_prompt_seen};
constexpr Keys k_generated = {R"("completion_tokens":)", R"("output_tokens":)", R"("predicted_n":)"};
constexpr std::string_view k_speed = R"("predicted_per_second":)";

// Behind the next `key`, or npos. Not string_view's find(), which takes a step for each quote, and JSON is full of them.
std::size_t behind_key(std::string_view json, std::string_view key, std::size_t from = 0) {
  const void* found = ::memmem(json.data() + from, json.size() - from, key.data(), key.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - json.data()) + key.size();
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
  for (const std::string_view name : k_objects) {
    for (auto at = behind_key(json, name); at != std::string_view::npos; at = behind_key(json, name, at)) {
      const std::string_view object = json.substr(at, k_longest_object);
      for (const std::string_view key : k_prompt) {
        // An engine that found a part of the prompt in its cache says so apart.
        if (key != k_prompt_seen || into.prompt == 0) take(object, key, into.prompt);
      }
      for (const std::string_view key : k_generated) take(object, key, into.generated);
      take(object, k_speed, into.per_second);
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
