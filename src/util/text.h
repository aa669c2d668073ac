// Why: the few text forms that several rooms print or compare.
// Thread: any; pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "util/bytes.h"

namespace eai {

std::string to_hex(ByteView bytes);                    // lower case
std::optional<Bytes> from_hex(std::string_view text);  // either case; nothing on odd length or a strange character

std::string lower(std::string_view text);  // A to Z become a to z, all else stays: the same everywhere

// "1.83 GB": decimal units with three significant digits, as model sizes are given everywhere. "0 B" … "999 B".
std::string human_bytes(std::uint64_t bytes);
// "2 h 5 min", "1 min 20 s", "14 s": two units at most.
std::string human_duration(std::chrono::seconds duration);

// The candidates nearest to `name` (small edit distance or shared prefix), best first, at most `count`.
std::vector<std::string> near_names(std::string_view name, const std::vector<std::string>& candidates,
                                    std::size_t count = 3);

// A foreign text made fit for a terminal or a log line: control characters and invalid UTF-8 become '?', and what
// is longer than `limit` bytes ends with "…".
std::string printable(std::string_view text, std::size_t limit = 200);

bool is_valid_utf8(std::string_view text);

// A whole decimal number without sign, blanks or leading '+'; nothing if it does not fit 64 bits.
std::optional<std::uint64_t> parse_u64(std::string_view text);

}  // namespace eai
