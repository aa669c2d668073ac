// Why: clients may send their bodies compressed, and whoever reads a body wants it plain.
// Thread: any; pure functions (about 300 MB/s, so large bodies belong on a pool).
// What holds: at most `limit` bytes come out, whatever a body claims. A body that ends too early, or is followed by
// other bytes, is refused.
// Source: RFC 9110, section 8.4 (Content-Encoding); RFC 1950, 1951, 1952 (deflate with and without zlib's frame, gzip);
// RFC 8878 (zstd; a window above 8 MiB is refused, as section 3.1.1.1.2 recommends).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::http {

// `codings` is the value of Content-Encoding: names in the order in which they were applied, separated by commas;
// empty or "identity" changes nothing. Code::invalid: an unknown coding, a damaged body, or more than `limit` bytes.
Result<std::string> decode_content(std::string body, std::string_view codings, std::uint64_t limit);

}  // namespace eai::http
