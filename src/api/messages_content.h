// Why: Anthropic's messages consist of blocks of many types, where a chat has texts, pictures, tool calls and messages of
// its tools.
// Thread: any, one at a time per object.
// What holds: every block is taken over, or it is one that has no meaning outside of Anthropic's service and is noted as
// ignored; every other one is refused by its name. Turns of the same role that follow each other become one message, and
// the results of tools come before the rest of their turn.
// Source: Anthropic API reference, "Messages"; OpenAI API reference, "Chat completions".
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "api/fields.h"
#include "api/origins.h"
#include "util/result.h"

namespace eai::api {

// Notes a name once, and only so many.
void note_once(Ignored& ignored, std::string_view name);
// The string `key` of `from`, whose own name is `path`.
Result<std::string_view> text_member(const boost::json::object& from, std::string_view key, const std::string& path);

class Conversation {
 public:
  // The messages are made in `memory`.
  Conversation(boost::json::storage_ptr memory, Ignored& ignored, Origins& origins);

  // The field "system" of a request: a text or a list of text blocks.
  Result<void> add_system(const boost::json::value& content, const std::string& path);
  // One of "messages".
  Result<void> add_message(const boost::json::value& message, const std::string& path);
  // All of it as the "messages" of a chat.
  Result<boost::json::array> take();

 private:
  enum Roles : unsigned { k_user = 1, k_assistant = 2, k_both = k_user | k_assistant };
  using Take = Result<void> (Conversation::*)(const boost::json::object& block, const std::string& path);
  struct BlockKind {
    std::string_view type;
    Roles roles;
    Take take;
  };
  static const BlockKind k_kinds[];

  Result<void> add_block(const boost::json::value& block, const std::string& path);
  Result<void> take_text(const boost::json::object& block, const std::string& path);
  Result<void> take_picture(const boost::json::object& block, const std::string& path);
  Result<void> take_document(const boost::json::object& block, const std::string& path);
  Result<void> take_search_result(const boost::json::object& block, const std::string& path);
  Result<void> take_tool_result(const boost::json::object& block, const std::string& path);
  Result<void> take_tool_use(const boost::json::object& block, const std::string& path);
  Result<void> take_thinking(const boost::json::object& block, const std::string& path);
  Result<void> take_nothing(const boost::json::object& block, const std::string& path);
  Result<void> take_foreign(const boost::json::object& block, const std::string& path);

  // The parts of what a tool has found, or of a document.
  Result<void> add_parts(const boost::json::value& content, const std::string& path);
  void add_text(std::string_view text);
  // A message of the chat, and what it was made of.
  struct Made {
    boost::json::object message;
    std::string path;
    std::vector<std::pair<std::size_t, std::string>> pictures;  // by their place in its content
  };
  // One of this role with the parts so far as its content, which is a text if all of them are.
  Made take_message(std::string_view role, std::string path);
  void push(Made made);
  void add_turn_to_chat();

  boost::json::storage_ptr memory_;
  Ignored& ignored_;
  Origins& origins_;
  boost::json::array chat_;
  // The turn that is being read.
  Roles role_ = k_both;  // k_both: there is none yet
  boost::json::array parts_, calls_;
  std::vector<std::pair<std::size_t, std::string>> pictures_;  // among the parts
  std::vector<Made> results_;
  std::string thoughts_;
  std::string first_path_, last_path_;
};

}  // namespace eai::api
