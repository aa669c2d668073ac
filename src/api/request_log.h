// Why: people who run a server for others want to see that it is used, and must not see what it is asked. Off by
// default.
// Thread: the io_context's; a line is one short write.
// What holds: a line is one JSON object: time, id, path, model, status, ms, bytes, tokens; it has no prompt, answer,
// key or address. Only its owner can read the file. The file and its one predecessor (".1") together hold at most twice
// the limit. A log that cannot be written is given up after one warning, and no answer waits for it.
#pragma once

#include <cstdint>

#include "api/exchange.h"
#include "util/file.h"

namespace eai::api {

class RequestLog {
 public:
  // With an empty path nothing is written. The path that is already open stays open.
  void open(const fs::path& path, std::uint64_t limit = 16 * k_mib);
  void note(const Record& record);

 private:
  void reopen();

  fs::path path_;
  std::uint64_t limit_ = 0, size_ = 0;
  UniqueFd file_;
};

// The line, with its line end.
std::string log_line(const Record& record, std::chrono::system_clock::time_point now);

}  // namespace eai::api
