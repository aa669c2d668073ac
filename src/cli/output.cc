#include "cli/output.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <boost/json.hpp>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/hint_words.h"
#include "cli/pager.h"
#include "cli/table.h"
#include "util/shown_text.h"

namespace eai::cli {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

bool dumb_terminal() {
  const char* term = std::getenv("TERM");
  return term == nullptr || *term == '\0' || std::strcmp(term, "dumb") == 0;
}

bool utf8_locale() {
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    if (!is_set(variable)) continue;
    std::string_view value = std::getenv(variable);
    return value.find("UTF-8") != std::string_view::npos || value.find("utf8") != std::string_view::npos;
  }
  return false;
}

std::size_t columns_of(int fd) {
  struct winsize size {};
  if (::isatty(fd) != 1 || ::ioctl(fd, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col > 0 ? size.ws_col : 80;
}

std::size_t rows_of(int fd) {
  struct winsize size {};
  return ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 ? size.ws_row : 24;
}

std::string_view code_of(Style style) {
  switch (style) {
    case Style::plain:
      return "";
    case Style::bold:
      return "\033[1m";
    case Style::dim:
      return "\033[2m";
    case Style::red:
      return "\033[31m";
    case Style::green:
      return "\033[32m";
    case Style::yellow:
      return "\033[33m";
  }
  return "";
}

constexpr std::string_view k_end_of_style = "\033[0m";

// Keeps our own colours, and nothing else that is not a plain letter.
std::string shown_styled(std::string_view text, bool colour) {
  if (!colour) return shown(text);
  std::string out;
  while (!text.empty()) {
    std::size_t next = text.find('\033');
    out += shown(text.substr(0, next));
    text.remove_prefix(std::min(next, text.size()));
    if (text.empty()) break;
    std::string_view code = text.starts_with(k_end_of_style) ? k_end_of_style : "";
    for (const Style style : {Style::bold, Style::dim, Style::red, Style::green, Style::yellow}) {
      if (text.starts_with(code_of(style))) code = code_of(style);
    }
    out += code.empty() ? "?" : code;
    text.remove_prefix(std::max<std::size_t>(1, code.size()));
  }
  return out;
}

// CLICOLOR_FORCE=1 means colours wherever the output goes.
bool forces_colour() { return is_set("CLICOLOR_FORCE") && std::string_view(std::getenv("CLICOLOR_FORCE")) != "0"; }

bool refuses_colour() {
  const char* wanted = std::getenv("CLICOLOR");
  return is_set("NO_COLOR") || (!forces_colour() && wanted != nullptr && std::string_view(wanted) == "0");
}

}  // namespace

Output::Output(Options options) : options_(std::move(options)), utf8_(utf8_locale()) {
  plain_ = options_.plain || dumb_terminal();
  const bool colour = !refuses_colour() && !plain_;
  const bool forced = !refuses_colour() && !options_.plain && forces_colour();
  error_is_terminal_ = ::isatty(STDERR_FILENO) == 1 && !plain_;
  draws_ = colour && ::isatty(STDOUT_FILENO) == 1;
  output_colour_ = draws_ || forced;
  error_colour_ = (colour && error_is_terminal_) || forced;
}

std::size_t Output::columns() const { return columns_of(STDOUT_FILENO); }
std::size_t Output::error_columns() const { return columns_of(STDERR_FILENO); }

void Output::write(std::string_view text) {
  if (broken_) return;
  if (page_) {
    page_->append(text);
    return;
  }
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size()) return;
  broken_ = true;
  broken_errno_ = errno;
}

void Output::flush() {
  if (broken_ || std::fflush(stdout) == 0) return;
  broken_ = true;
  broken_errno_ = errno;
}

void Output::line(std::string_view text) {
  if (!options_.json) write(shown_styled(text, output_colour_) + "\n");
}

void Output::piece(std::string_view text) {
  if (options_.json) return;
  write(text);
  flush();
}

void Output::aside(std::string_view text) {
  if (options_.json || options_.quiet) return;
  flush();
  std::fprintf(stderr, error_colour_ ? "\033[2m%s\033[0m" : "%s", shown(text).c_str());
}

void Output::event(const boost::json::value& value) {
  if (!options_.json) return;
  if (options_.pick.fields.empty()) return json_line(value);
  for (const boost::json::object& one : picked(value, options_.pick)) json_line(one);
}

void Output::json_line(const boost::json::value& value) {
  write(shown_json(boost::json::serialize(value)) + "\n");
  flush();  // readers want each event at once
}

void Output::note(std::string_view text) {
  if (options_.json || options_.quiet) return;
  flush();
  std::fprintf(stderr, "%s\n", shown(without_logins(text)).c_str());
}

void Output::warning(const Error& error) {
  flush();
  std::fprintf(stderr, error_colour_ ? "\033[33mWarning:\033[0m %s\n" : "Warning: %s\n", words_of(error).c_str());
}

void Output::error(const Error& error, int exit_status) {
  const std::string words = words_of(error);
  end_page();
  if (options_.json) {
    json_line(boost::json::object{
        {"event", "error"}, {"code", name_of(error.code)}, {"message", words}, {"exit_status", exit_status}});
  }
  flush();
  std::fprintf(stderr, error_colour_ ? "\033[31meai:\033[0m %s\n" : "eai: %s\n", shown(words).c_str());
}

std::string Output::styled(Style style, std::string_view text) const {
  if (!output_colour_ || style == Style::plain) return std::string(text);
  return std::string(code_of(style)) + std::string(text) + "\033[0m";
}

void Output::table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows,
                   std::size_t shrink) {
  const std::size_t room = columns();
  if (room == 0) {
    for (const auto& row : rows) line(tab_separated(row));
    return;
  }
  const std::vector<std::string> lines = table_lines(head, rows, shrink, room);
  line(styled(Style::bold, lines.front()));
  for (std::size_t i = 1; i < lines.size(); ++i) line(lines[i]);
}

void Output::begin_page() {
  if (columns() > 0 && !plain_ && !options_.json && ::isatty(STDIN_FILENO) == 1) page_.emplace();
}

void Output::end_page() {
  if (!page_) return;
  const std::string text = std::move(*page_);
  page_.reset();
  const std::size_t height = rows_of(STDOUT_FILENO);
  if (lines_on_screen(text, columns()) < height) return write(text);
  flush();
  const auto shown_by = show_in_pager(text, options_.pager);
  if (shown_by) return;
  if (!options_.pager.empty()) warning(shown_by.error());
  write(text);
}

void Output::redraw() {
  if (columns() > 0 && !plain_) write("\033[H\033[2J");
}

Result<void> Output::finish(Reader reader) {
  end_page();
  flush();
  if (!broken_ || (broken_errno_ == EPIPE && reader == Reader::may_leave)) return {};
  return fail_errno("writing the output", broken_errno_);
}

}  // namespace eai::cli
