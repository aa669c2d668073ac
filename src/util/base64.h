// Why: base64 as JSON, terminals and forms carry it: with padding, RFC 4648 §4. (Multibase has its own: content/multibase.h.)
// Thread: any; pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace eai {

std::string to_base64(std::string_view bytes);
// Line ends and blanks between characters are skipped; nothing where the text is not base64.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace eai
