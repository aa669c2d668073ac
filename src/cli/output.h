// Why: one place that prints. Results go to stdout, everything else to stderr, so that pipes carry results only.
// Thread: one.
// What holds: colour only on a terminal without NO_COLOR; with --json stdout carries JSON lines only; a failed write
// (full disk) is an error at the end, a reader that left (`| head`) is none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "util/result.h"

namespace eai::cli {

enum class Style { plain, bold, dim, red, green, yellow };

class Output {
 public:
  struct Options {
    bool json = false;
    bool quiet = false;
  };
  explicit Output(Options options);

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }
  bool error_is_terminal() const { return error_is_terminal_; }
  bool colour_on_error() const { return error_colour_; }
  bool is_utf8() const { return utf8_; }
  std::size_t columns() const;        // of the terminal at stdout; 0: no terminal
  std::size_t error_columns() const;  // of the terminal at stderr; 0: no terminal

  void line(std::string_view text);                              // stdout, for people; silent with --json
  void event(const boost::json::value& value);                   // stdout, one JSON line; silent without --json
  void note(std::string_view text);                              // stderr, for people; silent with --json or --quiet
  void error(const Error& error, int exit_status);               // stderr; with --json also {"error":…} on stdout
  std::string styled(Style style, std::string_view text) const;  // for stdout

  // A table with a head line, columns as wide as their widest cell. On a terminal that is too narrow, the column
  // `shrink` is cut in its middle.
  void table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
             std::size_t shrink);

  bool reader_left() const { return broken_; }  // or nothing more can be written for another reason: finish() tells

  // What comes next stands at the top of an empty terminal; nothing where stdout is none.
  void redraw();

  // Flushes stdout. Code::io when something could not be written.
  Result<void> finish();

 private:
  Options options_;
  bool output_colour_ = false, error_colour_ = false, error_is_terminal_ = false, utf8_ = false;
  bool broken_ = false;
  int broken_errno_ = 0;
  void write(std::string_view text);
};

// Characters on a terminal: UTF-8 sequences count as one.
std::size_t width_of(std::string_view text);
// "bafkrei…422y": at most `columns` characters, at least 3.
std::string shortened(std::string_view text, std::size_t columns);

}  // namespace eai::cli
