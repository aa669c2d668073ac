// Why: bytes of a file go into a socket without a copy through this program.
// Thread: the socket's, which has SIGPIPE blocked from then on. Included by .cc files of this room only.
#pragma once

#include <cstdint>

#include <boost/system/error_code.hpp>

namespace eai::http {

// How many of the `count` bytes at `offset` the socket took. 0 without a failure: the file ends there. The failure
// would_block: the socket takes nothing now. It must be in its non_blocking() mode, and not be a TLS one.
std::uint64_t send_file(int socket, int file, std::uint64_t offset, std::uint64_t count,
                        boost::system::error_code& failure);

}  // namespace eai::http
