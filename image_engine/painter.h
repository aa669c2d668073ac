// Why: hides stable-diffusion.cpp behind three operations: load a model, draw a picture, stop in the middle of one.
// Thread: the same thread makes all calls, and the callbacks run on it too.
// What holds: the library keeps its callbacks in global variables, so there is one Painter per process.
// Cancelling is an exception thrown out of the library's callbacks. It is thrown only between the chunks of a prompt and
// between the steps of sampling: while weights are read, the library holds running threads that an exception would not
// join.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "job.h"
#include "options.h"

namespace eai::image_engine {

struct PaintEvents {
  std::function<void(int step, int steps)> on_step;
  std::function<void(int step, int steps, Picture)> on_preview;
  std::function<bool()> cancelled;
};

struct Cancelled {};

class Painter {
 public:
  // Loads the model and draws one tiny picture, so that all weights are in their place. `on_progress` gets 0…1.
  // Code::io, Code::invalid with the library's last complaint.
  static Result<std::unique_ptr<Painter>> load(const Options& options, std::function<void(double)> on_progress);
  ~Painter();

  // Picture number `index` of the request, drawn with seed + index. Cancelled is thrown when events.cancelled() says so.
  // Code::io when the library gives up; the Painter stays usable.
  Result<Picture> paint(const Request& request, int index, const PaintEvents& events);

 private:
  struct Impl;
  explicit Painter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace eai::image_engine
