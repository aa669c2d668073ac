// Why: a client of OpenAI's Responses tells a conversation as a list of items, and engines want messages. An assistant's
// reasoning, words and calls are items of their own there, and one message here.
// Thread: any, one at a time.
// What holds: what the items hold moves into the messages, in the memory of the request's tree. Code::invalid is about the
// field at fault ("input[2].content[0].type").
// Source: OpenAI API reference, "Create a model response", `input`; the types that its Python client is made of.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "api/fields.h"
#include "api/origins.h"
#include "util/result.h"

namespace eai::api {

// "message", "function_call", …; what the item has tells it where `type` is left out. Empty if nothing does.
std::string_view kind_of_item(const boost::json::object& item);

class ItemMessages {
 public:
  ItemMessages(boost::json::storage_ptr memory, Ignored& ignored, Origins& origins)
      : made_(std::move(memory)), ignored_(ignored), origins_(origins) {}

  // An empty text is left out.
  void add_system(std::string_view text);
  // `path` is what a fault calls the item. An item_reference has been replaced by what it refers to, whose inside is not
  // a part of the request.
  Result<void> add(boost::json::value& item, const std::string& path, Inside inside = Inside::same);
  boost::json::array take();

 private:
  Result<void> add_message(boost::json::object& item, const std::string& path);
  Result<void> add_assistant(boost::json::object& item, const std::string& path);
  Result<void> add_reasoning(const boost::json::object& item, const std::string& path);
  Result<void> add_call(boost::json::object& item, std::string_view kind, const std::string& path);
  Result<void> add_output(boost::json::object& item, const std::string& path);
  void add_words(std::string_view text);
  void end_turn();
  // A message whose content is that of the item's member of this name.
  void push(boost::json::object message, const std::string& path, std::string_view content);

  // What the assistant says between two items of others.
  struct Turn {
    bool has_words = false;
    std::string words;
    std::string reasoning;
    boost::json::array calls;
    std::string path;  // of its first item
  };

  boost::json::array made_;
  Ignored& ignored_;
  Origins& origins_;
  Inside inside_ = Inside::same;  // of the item that is being added
  Turn turn_;
};

}  // namespace eai::api
