// Why: what a message or a tool's output says is a text or a list of parts, in words that differ from those of chat.
// Thread: any; pure functions.
// What holds: what the parts hold moves into what is returned, in the same memory. Code::invalid is about the field at
// fault.
// Source: OpenAI API reference, "Create a model response", `input`, contents.
#pragma once

#include <string>
#include <string_view>

#include <boost/json.hpp>

#include "util/result.h"

namespace eai::api {

// The member as the content of a chat message: a string, or a list of parts if there are several or one is a picture.
Result<boost::json::value> chat_content(boost::json::object& of, std::string_view name, const std::string& path);

// The same of somebody who has only words, such as an assistant; several parts are joined by line breaks. Absent: empty.
Result<std::string> words_in(boost::json::object& of, std::string_view name, const std::string& path);

}  // namespace eai::api
