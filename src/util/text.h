// Why: several rooms print and compare text in the same few forms.
// Thread: any; these are pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/bytes.h"

namespace eai {

std::string to_hex(ByteView bytes);  // lower case
std::optional<Bytes> from_hex(
    std::string_view text);  // either case; nothing if the length is odd or a character is not a digit

std::string lower(std::string_view text);  // A to Z become a to z and all else stays, in every locale

// "1.83 GB": decimal units and three significant digits, as model sizes are usually given. Below 1000: "999 B".
std::string human_bytes(std::uint64_t bytes);
// "2 h 5 min", "1 min 20 s", "14 s": at most two units.
std::string human_duration(std::chrono::seconds duration);

// At most `count` candidates that are near `name` by edit distance or share its beginning, the nearest first.
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates,
                                    std::size_t count = 3);

// Foreign text made safe for a terminal or a log line: control characters and invalid UTF-8 become '?', and a text of
// more than `limit` bytes is cut and ends with "…".
std::string printable(std::string_view text, std::size_t limit = 200);

bool is_valid_utf8(std::string_view text);

// A decimal number of digits alone, without sign or blanks; nothing if it does not fit into 64 bits.
std::optional<std::uint64_t> parse_u64(std::string_view text);

// Characters on a terminal: UTF-8 sequences count as one.
std::size_t width_of(std::string_view text);
// "bafkrei…422y": at most `columns` characters, at least 3.
std::string shortened(std::string_view text, std::size_t columns);

}  // namespace eai
