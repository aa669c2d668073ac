// OpenAI's Responses: the first line is a request, each further line what an engine sends. What is taken becomes
// messages, what is answered is whole events of which one is the last, and a conversation can go on from what is kept,
// unless a call was cut off.
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "api/field_tables.h"
#include "api/json_tree.h"
#include "api/responses_shelf.h"
#include "api/translation.h"
#include "http/sse.h"

namespace {

using namespace eai;
using namespace eai::api;

// Whether it was taken; `about` is the field at fault.
bool ask(Translation& translation, std::string text, bool& streams, std::string& about) {
  auto tree = JsonTree::parse(std::move(text));
  if (!tree) return false;
  Ignored ignored;
  erase_nulls(tree->root());
  const std::array tables = {k_response_fields, k_sampling_fields};
  if (!check_fields(tree->root(), tables, ignored)) return false;
  const auto made = translation.to_chat(tree->root(), ignored);
  if (!made) {
    about = made.error().about;
    if (about.empty()) std::abort();
    return false;
  }
  for (const auto& message : tree->root().at("messages").as_array()) {
    if (!message.is_object() || !message.get_object().at("role").is_string()) std::abort();
  }
  const auto* stream = tree->root().if_contains("stream");
  streams = stream != nullptr && stream->get_bool();
  return true;
}

std::string_view next_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(text.size(), line.size() + 1));
  return line;
}

// The response of a stream that has ended well; empty if it failed.
std::string check_events(const std::string& text) {
  if (http::end_of_sse_events(text) != text.size()) std::abort();
  http::SseReader reader(text.size() + 1);
  if (!reader.feed(text)) std::abort();
  std::string last, data;
  while (auto event = reader.next()) {
    if (last == "response.completed" || last == "response.incomplete" || last == "response.failed") std::abort();
    last = event->event;
    data = std::move(event->data);
  }
  if (last != "response.completed" && last != "response.incomplete" && last != "response.failed") std::abort();
  return last == "response.failed" ? std::string() : data;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  ResponsesShelf shelf;
  bool streams = false;
  std::string about;
  const auto first = make_responses_translation(&shelf, "key");
  if (!ask(*first, std::string(next_line(text)), streams, about)) return 0;
  std::string answer;
  if (streams) {
    std::string events;
    while (!text.empty()) events += first->events(next_line(text));
    events += first->finish();
    answer = check_events(events);
  } else if (auto whole = first->whole(text)) {
    answer = *std::move(whole);
  }
  const auto id = answer.find("resp_");
  if (id == std::string::npos || answer.find("\"store\":true") == std::string::npos) return 0;
  const std::string name = answer.substr(id, 5 + 32);
  if (shelf.find("key", name) == nullptr) return 0;
  const auto second = make_responses_translation(&shelf, "key");
  const bool taken = ask(*second, R"({"input":"x","previous_response_id":")" + name + "\"}", streams, about);
  if (!taken && about != "previous_response_id") std::abort();
  return 0;
}
