// Why: an engine takes a text apart before it knows that it is too long, which costs it time and memory that its other
// requests want. A text that cannot fit, however well it packs, is refused before.
// Thread: any; pure functions, linear in what they read.
#pragma once

#include <cstdint>

#include "api/checked_request.h"

namespace eai::api {

// `limit`: the bytes of the longest text that may fit; 0: unknown. Code::invalid, about the field at fault.
Result<void> check_text_size(const CheckedRequest& request, std::uint64_t limit);

}  // namespace eai::api
