// Why: the one place that prints. Results go to stdout and everything else to stderr, so that a pipe carries only results.
// Thread: one.
// What holds: nothing that can harm a terminal or fool its reader comes through (util/shown_text.h), whatever the text;
// of our own only colours do. JSON lines are valid UTF-8 and show no such character either, without changing a value;
// no login of a URL is printed. Colour is used on a terminal, or where CLICOLOR_FORCE is set, and not if NO_COLOR is. With
// --json, stdout carries only JSON lines. A failed write (a full disk) is an error at the end; a reader that has closed the pipe
// (`| head`) is one only where it was owed a result.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/fwd.hpp>

#include "cli/picked_fields.h"
#include "util/result.h"

namespace eai::cli {

enum class Style { plain, bold, dim, red, green, yellow };

class Output {
 public:
  struct Options {
    bool json = false;
    bool quiet = false;
    bool plain = false;  // no colours, and nothing that moves the cursor, even on a terminal
    Pick pick = {};      // which fields of the JSON are printed
    std::string pager = {};
  };
  explicit Output(Options options);

  bool json() const { return options_.json; }
  bool quiet() const { return options_.quiet; }
  // One where lines may change.
  bool error_is_terminal() const { return error_is_terminal_; }
  bool colour_on_error() const { return error_colour_; }
  bool is_utf8() const { return utf8_; }
  bool is_plain() const { return plain_; }  // asked for, or the terminal is dumb
  std::size_t columns() const;              // of the terminal at stdout; 0: it is not a terminal
  std::size_t error_columns() const;        // of the terminal at stderr; 0: it is not a terminal

  void line(std::string_view text);             // stdout, for people; silent with --json
  void event(const boost::json::value& value);  // stdout, a JSON line, or what was picked of it; silent without --json
  void note(std::string_view text);             // stderr, for people; silent with --json or --quiet
  void warning(const Error& error);             // stderr, whatever is silent
  void error(const Error& error, int exit_status);               // stderr; with --json also {"error":…} on stdout
  std::string styled(Style style, std::string_view text) const;  // for stdout

  bool draws() const { return draws_; }  // stdout is a terminal that takes escape sequences
  // stdout, without a line break and flushed at once; silent with --json. Its caller has made the text safe.
  void piece(std::string_view text);

  void aside(std::string_view text);  // the same on stderr, dimmed there, and made safe here

  // On a terminal a table with a heading, cut to fit: the cells of column `shrink` are shortened first. Elsewhere a line
  // for each row, without a heading, whose cells are whole and separated by tabs.
  void table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
             std::size_t shrink);

  // What is printed to stdout between the two is shown by the person's pager, if it does not fit the screen of a
  // terminal at which somebody can turn pages.
  void begin_page();
  void end_page();

  bool reader_left() const { return broken_; }  // or writing failed for another reason, which finish() returns

  // Clears the terminal and goes to its top; does nothing if stdout is not a terminal.
  void redraw();

  // Flushes stdout. Code::io: something could not be written. A reader that has left (`| head`) is no failure, unless
  // it is owed a result that nothing else tells.
  enum class Reader { may_leave, is_owed };
  Result<void> finish(Reader reader = Reader::may_leave);

 private:
  Options options_;
  bool output_colour_ = false, error_colour_ = false, error_is_terminal_ = false, utf8_ = false, plain_ = false;
  bool draws_ = false;
  std::optional<std::string> page_;
  bool broken_ = false;
  int broken_errno_ = 0;
  void write(std::string_view text);
  void flush();  // what fails is kept for finish()
  void json_line(const boost::json::value& value);
};

}  // namespace eai::cli
