#include "util/error_map.h"

namespace eai {

ErrorFace face_of(Code code) {
  // Exit status 1 is reserved for bugs and 2 for a wrong command line, as shells and getopt use them.
  switch (code) {
    case Code::invalid:
      return {2, 400, "invalid_request_error"};
    case Code::not_found:
      return {3, 404, "not_found_error"};
    case Code::corrupt:
      return {4, 502, "server_error"};
    case Code::network:
      return {5, 502, "server_error"};
    case Code::timeout:
      return {6, 504, "timeout_error"};
    case Code::busy:
      return {7, 503, "overloaded_error"};
    case Code::io:
      return {8, 500, "server_error"};
    case Code::unsupported:
      return {9, 501, "unsupported_error"};
    case Code::cancelled:
      return {130, 503, "overloaded_error"};  // what a shell reports for a program that SIGINT ended
  }
  return {1, 500, "server_error"};
}

}  // namespace eai
