#include "cli/chat_answer.h"

namespace eai::cli {

ChatNews AnswerScreen::news(std::function<void()> on_reader_left) {
  return {[this](const std::string& what) { on_wait(what); }, [this](std::string_view text) { on_reasoning(text); },
          [this, on_reader_left = std::move(on_reader_left)](std::string_view text) {
            on_text(text);
            if (out_.reader_left()) on_reader_left();
          }};
}

void AnswerScreen::on_wait(const std::string& what) {
  if (!style_.waits || first_ || thinks_) return;  // a comment in an answer only keeps the connection alive
  Bar bar;
  bar.label = style_.label;
  bar.phase = what;
  wait_.show(bar);
}

void AnswerScreen::on_reasoning(std::string_view text) {
  wait_.clear();
  reasoning_ += text;
  if (style_.thoughts == Thoughts::shown) out_.aside(text);
  if (style_.thoughts == Thoughts::folded && !thinks_) out_.aside("thinking…");
  thinks_ = true;
}

void AnswerScreen::end_thoughts() {
  if (thinks_ && style_.thoughts != Thoughts::hidden) out_.aside(reasoning_.ends_with('\n') ? "\n" : "\n\n");
  thinks_ = false;
}

void AnswerScreen::on_text(std::string_view text) {
  wait_.clear();
  end_thoughts();
  if (!first_) first_ = Clock::now();
  text_ += text;
  out_.piece(lines_.add(text));
}

void AnswerScreen::end() {
  wait_.clear();
  end_thoughts();
  out_.piece(lines_.end());
  if (!text_.empty() && !text_.ends_with('\n')) out_.piece("\n");
}

}  // namespace eai::cli
