// Why: a picture inside a request is base64 or a data: URI, and programs write both in many ways: in lines, with the
// alphabet of URLs, without padding, without a media type, percent-encoded. Whatever browsers and other servers
// understand is understood here, so that the engine gets one spelling.
// Thread: any; these are pure functions that take 5 ms per MB.
// What holds: the declared media type is not looked at. A failure is Code::invalid, and its message begins with "it",
// for a caller that names the picture.
// Source: RFC 2397 (data URIs), RFC 4648 §4 and §5 (base64 and its URL-safe alphabet), the Fetch standard's "data: URL
// processor" for what browsers do.
#pragma once

#include <string_view>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::api {

// What a data: URI or bare base64 holds, at least one byte.
Result<Bytes> read_data_uri(std::string_view text);

}  // namespace eai::api
