// Why: an engine holds the pictures of a request several times over, as text and as files, for as long as it works at it.
// How much memory it takes must not depend on who sends what at the same time, so large pictures go to it one request
// after the other.
// Thread: the io_context's.
// What holds: the requests that hold a pass for a model have at most `limit` bytes of pictures together, or there is only
// one of them. They are let in in the order in which they came. One whose client leaves gives up its place.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

namespace eai::api {

class PictureGate {
 public:
  explicit PictureGate(boost::asio::io_context& context) : context_(context) {}
  PictureGate(const PictureGate&) = delete;

  // Waits for its turn. The bytes are given back when the pass goes; the gate must outlive it.
  using Pass = std::shared_ptr<void>;
  boost::asio::awaitable<Pass> enter(std::string model_id, std::uint64_t bytes, std::uint64_t limit);

 private:
  struct Waiting;
  struct Door {
    std::uint64_t held = 0;
    std::list<Waiting*> queue;
  };
  struct Held;
  bool fits(const Door& door, std::uint64_t bytes, std::uint64_t limit) const {
    return door.held == 0 || (door.held <= limit && bytes <= limit - door.held);
  }
  Pass take(Door& door, std::uint64_t bytes);
  void let_in(Door& door);

  boost::asio::io_context& context_;
  std::map<std::string, Door> doors_;  // one per model that was ever sent a picture
};

}  // namespace eai::api
