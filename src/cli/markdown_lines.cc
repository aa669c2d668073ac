#include "cli/markdown_lines.h"

#include <algorithm>

#include "util/shown_text.h"

namespace eai::cli {
namespace {

constexpr std::string_view k_plain = "\033[0m", k_bold = "\033[1m", k_dim = "\033[2m", k_code = "\033[36m";
constexpr std::string_view k_escapable = "*_`#\\[]()<>-+.!|~";
constexpr char32_t k_joiner = 0x200d, k_non_joiner = 0x200c;  // within emoji; within words of Persian

std::size_t run_of(std::string_view text, char mark) { return std::min(text.find_first_not_of(mark), text.size()); }

// Bytes that the first character should have; its first byte says so.
std::size_t length_of_letter(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc2 ? 2 : 1;
}

std::string_view shown_letter(std::string_view text, const Letter& letter) {
  if (!letter.is_utf8) return "?";
  const std::string_view whole = text.substr(0, letter.length);
  if (letter.code == '\r') return "";
  if (letter.code == '\n' || letter.code == '\t') return whole;
  if (letter.code == k_joiner || letter.code == k_non_joiner) return whole;
  return letter.harmful ? "?" : whole;
}

}  // namespace

std::string shown_answer(std::string_view text) {
  MarkdownLines lines(MarkdownLines::Look::plain);
  return lines.add(text) + lines.end();
}

std::string MarkdownLines::add(std::string_view text) {
  pending_ += text;
  std::string out;
  while (step(out, More::comes)) {
  }
  return out;
}

std::string MarkdownLines::end() {
  std::string out;
  while (step(out, More::is_over)) {
  }
  if (heading_ || fence_ || bold_ || code_ || in_block_) out += k_plain;
  *this = MarkdownLines(look_);
  return out;
}

void MarkdownLines::restyle(std::string& out) const {
  out += k_plain;
  if (fence_) out += k_dim;
  if (heading_ || bold_) out += k_bold;
  if (code_ || (in_block_ && !fence_)) out += k_code;
}

void MarkdownLines::end_line(std::string& out) {
  if (heading_ || fence_ || bold_ || code_ || in_block_) out += k_plain;
  heading_ = fence_ = bold_ = code_ = false;
  out += '\n';
  drop(1);
  at_line_start_ = true;
}

// False: more has to come first.
bool MarkdownLines::step(std::string& out, More more) {
  if (pending_.empty()) return false;
  if (look_ == Look::plain) return take_letter(out, more);
  if (at_line_start_) return begin_line(out, more);
  if (pending_[0] == '\n') {
    end_line(out);
    return true;
  }
  const bool mark = pending_[0] == '*' || pending_[0] == '`' || pending_[0] == '\\';
  return mark && !in_block_ && !fence_ ? take_mark(out, more) : take_letter(out, more);
}

// Fences, headings and bullets, after blanks.
bool MarkdownLines::begin_line(std::string& out, More more) {
  const std::size_t blanks = run_of(pending_, ' ');
  const std::string_view rest = std::string_view(pending_).substr(blanks);
  const bool waits = more == More::comes;
  if (rest.empty() && waits && blanks < 40) return false;
  const std::size_t ticks = run_of(rest, '`'), hashes = run_of(rest, '#');
  if (ticks > 0 && ticks < 3 && ticks == rest.size() && waits) return false;
  if (!in_block_ && hashes > 0 && hashes <= 6 && hashes == rest.size() && waits) return false;
  const bool bullet = !in_block_ && !rest.empty() && (rest[0] == '*' || rest[0] == '-' || rest[0] == '+');
  if (bullet && rest.size() == 1 && waits) return false;
  at_line_start_ = false;
  if (ticks >= 3) {
    fence_ = true;
    in_block_ = !in_block_;
    restyle(out);
  } else if (in_block_) {
    restyle(out);
  } else if (hashes > 0 && hashes <= 6 && rest.size() > hashes && rest[hashes] == ' ') {
    heading_ = true;
    restyle(out);
    drop(blanks + hashes + 1);
    return true;
  } else if (bullet && rest.size() > 1 && rest[1] == ' ') {
    out.append(blanks, ' ').append("• ");
    drop(blanks + 2);
    return true;
  }
  out.append(blanks, ' ');
  drop(blanks);
  if (fence_) {
    out.append(ticks, '`');
    drop(ticks);
  }
  return true;
}

// "**" turns bold on and off, "`" code; a backslash takes a mark its meaning.
bool MarkdownLines::take_mark(std::string& out, More more) {
  const char mark = pending_[0];
  const bool waits = more == More::comes;
  if (mark == '\\') {
    if (pending_.size() < 2 && waits) return false;
    const bool escapes = pending_.size() > 1 && !code_ && k_escapable.find(pending_[1]) != std::string_view::npos;
    out += escapes ? pending_[1] : '\\';
    drop(escapes ? 2 : 1);
    return true;
  }
  const std::size_t run = run_of(pending_, mark);
  if (run == pending_.size() && run < 8 && waits) return false;
  const bool before_blank = run == pending_.size() || pending_[run] == ' ' || pending_[run] == '\n';
  if (mark == '`' && run == 1) {
    code_ = !code_;
  } else if (mark == '*' && !code_ && (run == 2 || run == 3) && (bold_ || !before_blank)) {
    bold_ = !bold_;
  } else {
    out.append(run, mark);
    drop(run);
    return true;
  }
  restyle(out);
  drop(run);
  return true;
}

bool MarkdownLines::take_letter(std::string& out, More more) {
  const Letter letter = first_letter(pending_);
  if (!letter.is_utf8 && more == More::comes && pending_.size() < length_of_letter(pending_)) return false;
  out += shown_letter(pending_, letter);
  drop(letter.length);
  return true;
}

}  // namespace eai::cli
