// Why: owns the thread that loads the model and draws one job after the other.
// Thread: the server's thread calls load() and draw(); the callbacks run on the studio's own thread.
// What holds: at most one job is being drawn, because the caller of draw() waits for its end before the next call.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "job.h"

namespace eai::image_engine {

// One line of JSON for the client, and whether it is the job's last.
enum class More { yes, no };
using Emit = std::function<void(std::string event, More more)>;

struct Loading {
  std::function<void(double)> on_progress;   // 0…1
  std::function<void(Result<void>)> on_end;  // ready, or why not
};

class Studio {
 public:
  explicit Studio(Options options);
  ~Studio();  // waits for the running step
  void load(Loading loading);
  void draw(std::shared_ptr<Job> job, Emit emit);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Events of the private API (README.md).
std::string event_queued(std::size_t position);
std::string event_error(int code, std::string_view message);

}  // namespace eai::image_engine
