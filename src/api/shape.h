// Why: a request that ends its engine must be known again when it comes in another spelling, and without keeping what its
// client wrote. So of a request only its shape is kept: which fields it has, and of what kind and size their values are.
// Thread: any; pure functions.
// What holds: equal bodies have equal shapes. The order of members and of list entries does not count, and sizes count by
// their number of binary digits. A shape is never 0, and contains no text.
#pragma once

#include <cstdint>
#include <string_view>

#include <boost/json/object.hpp>

namespace eai::api {

// `path` says what the engine is asked for.
std::uint64_t shape_of(std::string_view path, const boost::json::object& body);

// Stands for a text, such as a key or an address. Never 0.
std::uint64_t mark_of(std::string_view text);

}  // namespace eai::api
