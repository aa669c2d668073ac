// Why: bytes that fit into a socket's buffer go out at once, without a round through the io_context; mostly those are
// all.
// Thread: the socket's. Included by .cc files of this room only.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>

namespace eai::http {

// A message or the rest of one: its head, and its body unless that is part of the head.
using Parts = std::array<boost::asio::const_buffer, 2>;

// A body up to this size goes out in one piece with its head: cheaper for the kernel than a list of two.
inline constexpr std::size_t k_joined = 4096;

// `head` and `body`; a small body is appended to `head`. Both must live as long as the parts.
inline Parts joined(std::string& head, std::string_view body) {
  if (body.size() > k_joined) return {boost::asio::buffer(head), boost::asio::buffer(body)};
  head.append(body);
  return {boost::asio::buffer(head), boost::asio::const_buffer()};
}

// What is left of `parts` after their first `done` bytes.
inline Parts parts_after(Parts parts, std::size_t done) {
  for (auto& part : parts) {
    const auto step = std::min(done, part.size());
    part += step;
    done -= step;
  }
  return parts;
}

// Bytes written; fewer, or none, when the socket takes no more now. The socket must be in its non_blocking() mode.
template <typename Socket>
std::size_t write_now(Socket& socket, const Parts& parts, boost::system::error_code& failure) {
  const bool one = parts.back().size() == 0;
  const std::size_t done = one ? socket.write_some(parts.front(), failure) : socket.write_some(parts, failure);
  if (failure == boost::asio::error::would_block) failure = {};
  return done;
}

}  // namespace eai::http
