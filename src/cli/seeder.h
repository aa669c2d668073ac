// Why: a seed gives blocks to others while the program does something else: on a thread of its own, which steps back for
// everything else on this machine.
// Thread: the calls are made by one thread, status() and metrics() from any. What is given runs on the seeder's thread.
// What holds: it ends with the object. Models that are removed or replaced while it runs are let go of within half a
// minute.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <boost/json/object.hpp>

#include "cli/sections.h"
#include "library/seed.h"
#include "util/file.h"

namespace eai::cli {

class Seeder {
 public:
  // Listens, and gives from then on. Code::busy: the port is taken; Code::invalid: a host that this machine does not have.
  static Result<std::unique_ptr<Seeder>> start(library::Seed seed, const ShareSettings& settings);
  ~Seeder();
  Seeder(const Seeder&) = delete;

  // Answers GET /eai/status on this socket, too. Call it once, before anything else.
  Result<void> tell_at(const fs::path& socket);
  // Shares these from now on, and nothing else. An answer that needs more of what is no longer shared is cut off.
  void replace(library::Seed seed);

  std::string url() const;  // "http://127.0.0.1:8480"
  // {"url", "answers", "bytes", …, "models": […], "to": […]}
  boost::json::object status() const;
  std::string metrics() const;  // for Prometheus

 private:
  Seeder();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace eai::cli
