#include "cli/chat_request.h"

#include <cstdlib>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::cli {

Result<double> read_temperature(const std::string& text, std::string_view what) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  if (text.empty() || *end != '\0' || !(number >= 0 && number <= 2))
    return fail(Code::invalid, std::string(what) + " is " + printable(text) + ", but must be a number from 0 to 2");
  return number;
}

Result<ChatOptions> chat_options(const ChatSettings& settings) {
  ChatOptions out;
  out.max_tokens = settings.max_tokens;
  if (!settings.temperature.empty()) {
    EAI_TRY(out.temperature, read_temperature(settings.temperature, "--temperature"));
  }
  return out;
}

boost::json::object chat_request(std::string_view model, const ChatOptions& options, const ChatSession& session) {
  boost::json::object out{{"model", model},
                          {"stream", true},
                          {"stream_options", boost::json::object{{"include_usage", true}}},
                          {"messages", session.messages()}};
  if (options.temperature) out["temperature"] = *options.temperature;
  if (options.max_tokens > 0) out["max_tokens"] = options.max_tokens;
  return out;
}

}  // namespace eai::cli
