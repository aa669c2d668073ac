// Why: a conversation as values: what was said, what can be taken back, what is sent, and what is kept in a file.
// Thread: any; plain values.
// What holds: questions and answers take turns. Only the last question may have no answer, because the answer failed or
// was stopped before its first word.
// Source: the file is JSON with OpenAI's messages: {"format":"eai-chat/1","model":…,"messages":[…]}; a bare list of
// messages is read, too.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/object.hpp>

#include "util/result.h"

namespace eai::cli {

struct ChatPicture {
  std::string name;      // of the file, for people
  std::string data_uri;  // what is sent
};

struct ChatTurn {
  std::string question;
  std::vector<ChatPicture> pictures = {};
  std::string answer = {};
  std::string reasoning = {};
  bool answered = false;
};

class ChatSession {
 public:
  std::string system;  // instructions; empty: none

  void ask(std::string question, std::vector<ChatPicture> pictures = {});
  // To the last question. An empty answer without reasoning leaves it open.
  void answer(std::string text, std::string reasoning);
  // Takes the last question and its answer back. Nothing: there is none.
  std::optional<ChatTurn> undo();
  // Makes the last question open again. False: there is none.
  bool reopen();
  void clear() { turns_.clear(); }

  const std::vector<ChatTurn>& turns() const { return turns_; }
  // The last answer; null: there is none.
  const ChatTurn* last_answer() const;

  // OpenAI's messages. Reasoning is not sent again; models are trained to answer without that of earlier turns.
  boost::json::array messages() const;
  std::string as_json(std::string_view model) const;
  std::string as_markdown(std::string_view model) const;
  // Code::invalid: it is not such a file.
  static Result<ChatSession> from_json(std::string_view text);

 private:
  std::vector<ChatTurn> turns_;
};

}  // namespace eai::cli
