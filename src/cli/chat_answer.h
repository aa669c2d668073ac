// Why: an answer is shown while it comes, in the same way for one question and in a chat.
// Thread: one.
// What holds: the answer goes to stdout, and nothing else does; what the model thinks, and what it waits for, goes to
// stderr. Every piece is written before the next one is read.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "cli/chat_stream.h"
#include "cli/markdown_lines.h"
#include "cli/progress.h"

namespace eai::cli {

class AnswerScreen {
 public:
  using Clock = std::chrono::steady_clock;
  enum class Thoughts { shown, folded, hidden };  // folded: only that it thinks
  struct Style {
    MarkdownLines::Look look = MarkdownLines::Look::plain;
    Thoughts thoughts = Thoughts::hidden;
    bool waits = true;  // show what is waited for
    std::string label;  // the model, for people
  };

  AnswerScreen(Output& out, Style style) : out_(out), style_(std::move(style)), lines_(style_.look), wait_(out) {}
  AnswerScreen(const AnswerScreen&) = delete;

  // `on_reader_left` is called if nobody reads stdout any more.
  ChatNews news(std::function<void()> on_reader_left);
  // The rest of the answer, and the end of its last line.
  void end();

  const std::string& text() const { return text_; }
  const std::string& reasoning() const { return reasoning_; }
  std::optional<Clock::time_point> first_word() const { return first_; }

 private:
  void on_wait(const std::string& what);
  void on_reasoning(std::string_view text);
  void on_text(std::string_view text);
  void end_thoughts();

  Output& out_;
  Style style_;
  MarkdownLines lines_;
  ProgressDisplay wait_;
  std::string text_, reasoning_;
  std::optional<Clock::time_point> first_;
  bool thinks_ = false;
};

}  // namespace eai::cli
