// Why: some names are keys: whoever knows one may have what it names, so nobody must be able to guess it.
// Thread: any.
#pragma once

#include <string>

namespace eai::api {

// 128 random bits in 32 hexadecimal digits.
std::string random_name();

}  // namespace eai::api
