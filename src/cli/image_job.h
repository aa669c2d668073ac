// Why: one job for the image model of the running server, over its private socket, with everything it tells on the way.
// Thread: draw_pictures() blocks its caller until the job has ended; all callbacks come on that thread.
// What holds: when a stop is asked for, the connection closes, and the engine stops at the end of the running step.
// Source: docs/api.md, the events of a stream with "progress".
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>

#include <boost/json/object.hpp>

#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct ImageOrder {
  boost::json::object fields;  // of POST /v1/images/generations
  std::string picture, mask;   // files to edit; empty: there are none, the picture is drawn from nothing
};

struct DrawnPicture {
  int index = 0;
  std::int64_t seed = 0;
  std::string size;  // "1024x1024"
  std::string file;  // the bytes
};

struct ImageNews {
  std::function<void(const std::string& what)> on_wait;  // "loading, 40 %", "place 2 in the queue"
  std::function<void(int image, int step, int steps)> on_step;
  std::function<void(const std::string& png)> on_preview;
  // An error ends the job and comes back from draw_pictures().
  std::function<Result<void>(DrawnPicture picture)> on_picture;
};

// Code::invalid: the order cannot be right, in the server's words; Code::busy: it has no room; Code::cancelled: a stop was asked for;
// Code::network: it ended in the middle.
Result<void> draw_pictures(const fs::path& socket, const ImageOrder& order, const ImageNews& news,
                           const std::stop_token& stop);

}  // namespace eai::cli
