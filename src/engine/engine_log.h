// Why: what an engine says goes to a file that cannot grow without end, and its last lines stay at hand for the error
// message when it dies.
// Thread: one owner.
// What holds: file and its one predecessor (".1") together hold at most twice the limit; a log that cannot be written
// is given up silently after one warning: an engine does not stop for it. Engines write no prompt text at this level.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "util/file.h"

namespace eai::engine {

class EngineLog {
 public:
  explicit EngineLog(fs::path path, std::uint64_t limit = 4 * k_mib);  // appends to what is there
  void write(std::string_view bytes);
  // The last lines, newest last, joined by '\n', fit for a terminal; those that tell of an error if there are any.
  std::string last_words() const;

 private:
  void open();
  void keep(std::string_view bytes);

  fs::path path_;
  std::uint64_t limit_;
  std::uint64_t size_ = 0;
  UniqueFd file_;
  bool given_up_ = false;
  std::deque<std::string> lines_;  // whole ones
  std::string unfinished_;
};

}  // namespace eai::engine
