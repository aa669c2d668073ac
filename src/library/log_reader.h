// Why: people want to see the end of a log that another process writes and rotates, and then what is added to it.
// Thread: one. Blocks on the disk.
// What holds: rotation is a rename to "<file>.1" and a new file under the old name; a line is given once and whole.
// Only a rotation twice between two calls of more() loses lines.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "util/file.h"
#include "util/result.h"

namespace eai::library {

class LogReader {
 public:
  using OnLine = std::function<void(std::string_view line)>;  // without its newline

  LogReader(fs::path path, OnLine on_line) : path_(std::move(path)), on_line_(std::move(on_line)) {}

  // The last `count` lines, from the predecessor too where the file has fewer. Code::not_found: there is no log.
  Result<void> last(std::uint64_t count);

  // What was written since, across a rotation. A log that is not there (yet) has nothing new.
  Result<void> more();

  // A last line that has no newline yet.
  void rest();

 private:
  Result<void> read_on();
  Result<void> reopen();

  fs::path path_;
  OnLine on_line_;
  UniqueFd file_;
  std::uint64_t offset_ = 0;
  std::string unfinished_;
};

}  // namespace eai::library
