// Why: a model writes Markdown, word by word. A terminal shows it lightly while it comes: headings and bold as bold, code
// in another colour, bullets as such.
// Thread: one.
// What holds: whatever the model writes, no escape sequence of its own comes out, only the styles below (util/
// shown_text.h); pieces may be cut anywhere, also within a character or a mark; the output does not depend on the cuts.
// Nothing is held back except what could be the beginning of a mark, at most a few bytes. A style ends with its line.
// Lines are not broken here: a terminal does so, and again when it is resized.
// Source: CommonMark 0.31, of which only what is named above is read.
#pragma once

#include <string>
#include <string_view>

namespace eai::cli {

class MarkdownLines {
 public:
  // plain: the model's text as it is, only made safe.
  enum class Look { plain, styled };
  explicit MarkdownLines(Look look) : look_(look) {}

  std::string add(std::string_view text);
  // What was held back, and the end of every style.
  std::string end();

 private:
  enum class More { comes, is_over };
  bool step(std::string& out, More more);
  bool begin_line(std::string& out, More more);
  bool take_mark(std::string& out, More more);
  bool take_letter(std::string& out, More more);
  void end_line(std::string& out);
  void restyle(std::string& out) const;
  void drop(std::size_t bytes) { pending_.erase(0, bytes); }

  Look look_;
  std::string pending_;
  bool at_line_start_ = true;
  bool in_block_ = false;                                               // between fences
  bool heading_ = false, fence_ = false, bold_ = false, code_ = false;  // of this line
};

// The text made safe for a terminal as this room's other text is, with the characters kept that join or part letters within words and
// emoji.
std::string shown_answer(std::string_view text);

}  // namespace eai::cli
