// Why: the lines of a chat are typed with a cursor, a history and completion. libedit does that; this wraps it. Where a
// terminal cannot, or must not, lines are read as the system gives them.
// Thread: one.
// What holds: the terminal is as it was before and after each read(), also when the program is stopped with Ctrl-Z. What
// is pasted (bracketed paste) never ends a line, and a large paste stands in the line as one short word. Control
// characters in it are dropped.
// Where a chat has no terminal that can be edited, lines have the limits of the system (4095 bytes on Linux).
// Source: libedit's histedit.h; xterm's control sequences, "Bracketed Paste Mode".
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace eai::cli {

// What may stand in the line from `begin` up to the cursor.
struct Completion {
  std::size_t begin = 0;
  std::vector<std::string> words = {};
};
using Complete = std::function<Completion(std::string_view before_cursor)>;

// What all words begin with.
std::string common_beginning(const std::vector<std::string>& words);
// A paste as it goes into a line: LF ends its lines, and other control characters are dropped.
std::string clean_paste(std::string_view text);

class LineEditor {
 public:
  enum class Kind { editing, plain };
  enum class Ended { line, interrupted, end };
  struct Typed {
    Ended how = Ended::end;
    std::string text = {};  // also of a line that was interrupted
  };

  LineEditor(Kind kind, Complete complete);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;

  Typed read(std::string_view prompt);
  // For the arrow keys; the last one is the newest.
  void remember(const std::string& line);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace eai::cli
