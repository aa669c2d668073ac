// Why: the lines typed in chats are there again in the next one.
// Thread: one; several chats may add lines at the same time.
// What holds: the file, one JSON text a line, can be read by this user alone. A file that cannot be read is no history,
// which is not an error: a chat goes on without.
#pragma once

#include <string>
#include <vector>

#include "util/folders.h"

namespace eai::cli {

class ChatHistory {
 public:
  explicit ChatHistory(const Folders& folders) : folder_(folders.state) {}
  // The last lines, the newest last. The file is cut to these when it has grown to twice as many.
  std::vector<std::string> load() const;
  // A line of more than 64 KiB is not kept. A failure says why; a chat goes on all the same.
  Result<void> add(const std::string& line) const;

 private:
  fs::path folder_;
};

}  // namespace eai::cli
