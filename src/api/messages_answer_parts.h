// Why: a whole answer and a stream have these in common.
// Thread: any; pure functions.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "api/messages_request.h"

namespace eai::api {

// The member, or null if there is none of this kind.
const boost::json::object* object_in(const boost::json::object& from, std::string_view key);
const boost::json::array* array_in(const boost::json::object& from, std::string_view key);
std::string_view text_in(const boost::json::object& from, std::string_view key);  // empty if there is none
std::int64_t count_in(const boost::json::object& from, std::string_view key);     // 0 if there is none

// "msg_…" for "chatcmpl-…".
std::string message_id(std::string_view engine_id);
// Anthropic counts apart what is read from a cache.
boost::json::object message_usage(std::int64_t prompt, std::int64_t cached, std::int64_t generated);
boost::json::object message_usage(const boost::json::object& chat_usage);
// Which of the client's sequences has ended the answer that `chat` is, or is a chunk of; empty if none has.
std::string stop_sequence_in(const boost::json::object& chat, const StopSequences& stops);
std::string_view stop_reason_of(std::string_view finish_reason, std::string_view stop_sequence);

}  // namespace eai::api
