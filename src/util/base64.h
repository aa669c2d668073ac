// Why: base64 the way JSON, terminals and forms use it, with padding. Multibase has an alphabet of its own
// (ipld/multibase.h).
// Thread: any; these are pure functions.
// Source: RFC 4648 §4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace eai {

std::string to_base64(std::string_view bytes);
// Skips line breaks and blanks between characters. Returns nothing if the text is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace eai
