// Why: one answer of the running server, over its private socket, word by word as the engine makes it.
// Thread: stream_chat() blocks its caller until the answer has ended; all callbacks come on that thread.
// What holds: every event is told before the next bytes are waited for. When a stop is asked for, the connection closes,
// and so the engine stops, too.
// Source: docs/api.md, POST /v1/chat/completions with "stream".
#pragma once

#include <cstdint>
#include <functional>
#include <stop_token>
#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct ChatNews {
  std::function<void(const std::string& what)> on_wait;  // "loading, 40 %"
  std::function<void(std::string_view text)> on_reasoning;
  std::function<void(std::string_view text)> on_text;
};

struct ChatEnd {
  std::string model;          // the hash of the one that answered
  std::string finish_reason;  // "stop", "length"
  std::uint64_t prompt_tokens = 0, generated_tokens = 0;
  double tokens_per_second = 0;  // 0: not told
};

// Code::invalid: the request cannot be right, in the server's words; Code::busy: it has no room; Code::not_found: no
// server listens; Code::cancelled: a stop was asked for; Code::network: it ended in the middle of the answer.
Result<ChatEnd> stream_chat(const fs::path& socket, const boost::json::object& request, const ChatNews& news,
                            const std::stop_token& stop);

}  // namespace eai::cli
