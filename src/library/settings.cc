#include "library/settings.h"

#include <charconv>
#include <cmath>

#include "ipld/pasted.h"
#include "util/toml_file.h"

namespace eai::library {
namespace {

constexpr double k_largest_scale = 100;

}  // namespace

Failure ModelSettings::fail_at_key(const std::string& key, Error why) const {
  const auto found = lines.find(key);
  Failure out = fail_at(file, found == lines.end() ? 0 : found->second, why.message);
  out.value().hint = why.hint;
  out.value().about = std::move(why.about);
  return out;
}

std::optional<ScaledFile> parse_lora(std::string_view text) {
  if (ipld::is_link(text)) {
    if (const auto id = ipld::parse_pasted(text)) return ScaledFile{id->str(), 1};
  }
  ScaledFile out{std::string(text), 1};
  const auto colon = text.rfind(':');
  if (colon != std::string_view::npos) {
    const std::string_view number = text.substr(colon + 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), out.scale);
    if (error != std::errc() || end != number.data() + number.size()) return std::nullopt;
    if (!std::isfinite(out.scale) || std::abs(out.scale) > k_largest_scale) return std::nullopt;
    out.name = text.substr(0, colon);
    if (const auto id = ipld::parse_pasted(out.name)) out.name = id->str();
  }
  // llama-server takes a list of files and scales as one word, and would split a name that contains a separator.
  if (out.name.empty() || out.name.find_first_of(",:") != std::string::npos) return std::nullopt;
  return out;
}

}  // namespace eai::library
