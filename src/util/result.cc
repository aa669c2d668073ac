#include "util/result.h"

#include <cerrno>
#include <system_error>

namespace eai {

Failure fail_errno(std::string_view what, int error_number) {
  Code code = error_number == ENOENT ? Code::not_found : Code::io;
  return fail(code, std::string(what) + ": " + std::generic_category().message(error_number));
}

std::string_view name_of(Code code) {
  switch (code) {
    case Code::not_found:
      return "not_found";
    case Code::corrupt:
      return "corrupt";
    case Code::invalid:
      return "invalid";
    case Code::io:
      return "io";
    case Code::network:
      return "network";
    case Code::timeout:
      return "timeout";
    case Code::busy:
      return "busy";
    case Code::unsupported:
      return "unsupported";
  }
  return "invalid";
}

}  // namespace eai
