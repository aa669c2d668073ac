// Why: what an engine says goes to a file that cannot grow without end, and its last lines are kept for the error message
// when it dies.
// Thread: one owner.
// What holds: the file and its one predecessor (".1") together hold at most twice the limit. A log that cannot be written is
// given up after one warning, because an engine should not stop for it; so is one whose folder or file is not ours alone.
// Engines do not log prompts at this level.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "util/own_folder.h"

namespace eai::engine {

class EngineLog {
 public:
  explicit EngineLog(fs::path path, std::uint64_t limit = 4 * k_mib);  // appends if it exists
  void write(std::string_view bytes);
  // The last lines, newest last, joined by '\n', fit for a terminal; only those about an error, if there are any.
  std::string last_words() const;

 private:
  Result<void> open();
  void give_up(const Error& why);
  void keep(std::string_view bytes);

  fs::path path_;
  std::optional<OwnFolder> folder_;  // that of the path, as it was when the log was opened
  std::uint64_t limit_;
  std::uint64_t size_ = 0;
  UniqueFd file_;
  bool given_up_ = false;
  std::deque<std::string> lines_;  // whole ones
  std::string unfinished_;
};

}  // namespace eai::engine
