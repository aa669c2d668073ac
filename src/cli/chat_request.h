// Why: what a question is sent with, from the settings of a chat.
// Thread: any; plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <boost/json/object.hpp>

#include "cli/chat_session.h"
#include "cli/config.h"

namespace eai::cli {

struct ChatOptions {
  std::optional<double> temperature;  // nothing: the model's own
  std::uint64_t max_tokens = 0;       // 0: no limit
};

// Code::invalid: it is not a number from 0 to 2. `what` begins the error: "--temperature".
Result<double> read_temperature(const std::string& text, std::string_view what);
Result<ChatOptions> chat_options(const ChatSettings& settings);

// For POST /v1/chat/completions, as a stream.
boost::json::object chat_request(std::string_view model, const ChatOptions& options, const ChatSession& session);

}  // namespace eai::cli
