#include "api/random_name.h"

#include <sodium.h>

#include "util/text.h"

namespace eai::api {

std::string random_name() {
  Bytes bytes(16);
  randombytes_buf(bytes.data(), bytes.size());
  return to_hex(bytes);
}

}  // namespace eai::api
