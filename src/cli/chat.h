// Why: `eai run` on a terminal: a conversation with a model, and the words with a slash that steer it.
// Thread: the main one; run() blocks it until the person leaves.
// What holds: whatever fails is said in words, and the conversation stays. An answer that Ctrl-C has stopped stays as far
// as it came; one that failed is asked for again with /retry. If the server has ended, the next question starts one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/chat_answer.h"
#include "cli/chat_history.h"
#include "cli/chat_request.h"
#include "cli/chat_session.h"
#include "cli/chat_words.h"
#include "cli/commands.h"
#include "cli/line_editor.h"
#include "cli/ready_model.h"

namespace eai::cli {

class Chat {
 public:
  Chat(Context& context, ReadyModel model, ChatOptions options, std::vector<ChatPicture> pictures);
  Result<int> run();

 private:
  struct Input {
    enum class Kind { nothing, line, text, end } kind = Kind::nothing;  // a text is no word, whatever it begins with
    std::string text = {};
  };
  enum class Then { go_on, leave };

  Input read_input();
  Input read_block(std::string begun);
  std::string prompt() const;
  void keep(const std::string& line);
  Then take(const Input& input);
  void ask(const std::string& text, const std::vector<std::string>& files);
  void answer();
  Result<bool> make_ready(const Interrupt& interrupt);  // false: interrupted
  void take_end(const Result<ChatEnd>& end, const AnswerScreen& screen, bool stopped);
  void show_end(const ChatEnd& end);
  void learn_models();
  void learn_context();

  // The words, in chat_deeds.cc.
  Then obey(const ChatLine& line);
  Result<void> instruct(const std::string& text);
  Result<void> set(const std::string& rest);
  Result<void> show(const std::string& what);
  Result<void> model(const std::string& name);
  Result<void> image(const std::string& file);
  Result<void> draw(const std::string& prompt);
  Result<void> edit();
  Result<void> undo();
  Result<void> retry();
  Result<void> copy();
  Result<void> save(const std::string& file);
  Result<void> load(const std::string& file);
  void show_settings();
  void show_model();
  void tell(const Error& error);
  void text(const std::string& text);  // foreign text, as an answer is shown

  Context& context_;
  ReadyModel model_;
  ChatOptions options_;
  ChatSession session_;
  std::vector<ChatPicture> pictures_;  // for the next question
  bool think_, keep_lines_;
  ChatHistory history_;
  std::vector<std::string> models_;     // that the server serves and that chat
  std::uint64_t context_length_ = 0;    // 0: not known yet
  std::vector<std::string> own_files_;  // saved or loaded in this chat
  LineEditor editor_;
};

}  // namespace eai::cli
