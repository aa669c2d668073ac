// Why: who runs a server for others wants to see what is asked of it; what is asked stays unseen. Off unless wanted.
// Thread: the io_context's; a line is one short write.
// What holds: one JSON object a line: time, id, path, model, status, ms, bytes, tokens; no prompt, no answer, no key, no
// address. The file is readable by its owner alone; it and its one predecessor (".1") together hold at most twice the
// limit. A log that cannot be written is given up after one warning: no answer waits for it.
#pragma once

#include <cstdint>

#include "api/exchange.h"
#include "util/file.h"

namespace eai::api {

class RequestLog {
 public:
  // An empty path: nothing is written. The same path again goes on as it was.
  void open(const fs::path& path, std::uint64_t limit = 16 * k_mib);
  void note(const Record& record);

 private:
  void reopen();

  fs::path path_;
  std::uint64_t limit_ = 0, size_ = 0;
  UniqueFd file_;
};

// The line, with its end.
std::string log_line(const Record& record, std::chrono::system_clock::time_point now);

}  // namespace eai::api
