// Why: `run` and `serve` leave the server behind: the same program, started again with the same words, apart from this
// terminal, that tells over a pipe how its start goes.
// Thread: one.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include <boost/json/fwd.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"

namespace eai::cli {

// What a starting server tells, one JSON object a line:
//   {"event":"loading", "name", "phase", "fraction"}
//   {"event":"ready", "url", "host", "addresses":[…], "port", "pid", "hash", "name", "task", "models":[…],
//    "log"}; without "name" and "task" if no model is served yet
//   {"event":"error", "code", "message"}       and then it ends
using Tell = std::function<void(const boost::json::object&)>;

// Starts `eai <words> --ready-fd …` in a session of its own, with its output in the log file, and waits until it is ready
// or ends. When `interrupt` comes first, the server is ended again. An error of the server comes back as it was there.
Result<void> launch_server(const Folders& folders, const std::vector<std::string>& words, const Tell& tell,
                           const Interrupt& interrupt);

// The other side, in the server: writes to the pipe, which is closed with the object.
class Teller {
 public:
  explicit Teller(int fd);
  void tell(const boost::json::object& event);
  void close() { fd_.reset(); }

 private:
  UniqueFd fd_;
};

// Address, model, how to ask: for people, or the event itself with --json.
void print_ready(const boost::json::object& event, Output& out);

}  // namespace eai::cli
