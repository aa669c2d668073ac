// Why: while an answer comes, what is typed must not stand in the middle of it, and must be there for the next line.
// Thread: made and destroyed on the main thread, one at a time.
// What holds: keys make no echo and wait, unchanged, for whoever reads next; Ctrl-C and Ctrl-Z still are signals. The
// terminal is as it was after the end, also if a signal is the end, and while the program is stopped with Ctrl-Z.
// Source: POSIX.1-2017, chapter 11, "General Terminal Interface".
#pragma once

#include <array>
#include <csignal>

namespace eai::cli {

class SilentKeys {
 public:
  SilentKeys();  // does nothing if standard input is not a terminal
  ~SilentKeys();
  SilentKeys(const SilentKeys&) = delete;

 private:
  bool active_ = false;
  std::array<struct sigaction, 4> before_{};
};

}  // namespace eai::cli
