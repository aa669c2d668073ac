#include "api/text_size.h"

#include <algorithm>
#include <string>

#include <boost/json.hpp>

#include "util/text.h"

namespace eai::api {
namespace {

namespace json = boost::json;

// What is only counted or taken apart may be longer than what is answered.
constexpr std::uint64_t k_counted = 8;

std::uint64_t bytes_of(const json::value& value) {
  std::uint64_t sum = 0;
  if (const json::string* text = value.if_string()) return text->size();
  if (const json::array* list = value.if_array())
    for (const json::value& entry : *list) sum += bytes_of(entry);
  if (const json::object* object = value.if_object())
    for (const auto& [key, member] : *object) sum += bytes_of(member);
  return sum;
}

std::uint64_t longest_in(const json::value& value) {
  const json::array* list = value.if_array();
  if (list == nullptr) return bytes_of(value);
  std::uint64_t longest = 0;
  for (const json::value& entry : *list) longest = std::max(longest, bytes_of(entry));
  return longest;
}

Result<void> check(std::string_view field, std::uint64_t bytes, std::uint64_t limit) {
  if (bytes <= limit) return {};
  return fail_about(std::string(field), Code::invalid,
                    "the field '" + std::string(field) + "' has " + std::to_string(bytes) +
                        " bytes of text, which are more tokens than the model's context can hold (at most " +
                        std::to_string(limit) + " bytes)");
}

}  // namespace

Result<void> check_text_size(const CheckedRequest& request, std::uint64_t limit) {
  if (limit == 0) return {};
  const json::object& body = request.tree.root();
  if (const json::value* content = body.if_contains("content"))  // also of a list, which is one text
    return check("content", bytes_of(*content), limit * k_counted);
  if (const json::value* messages = body.if_contains("messages")) {
    std::uint64_t bytes = bytes_of(*messages);
    for (const PictureSpot& spot : request.chat.pictures) bytes -= spot.at->get_string().size();
    return check("messages", bytes, limit);
  }
  for (const std::string_view field :
       {"prompt", "input", "query", "documents", "texts", "input_prefix", "input_suffix", "input_extra"}) {
    if (const json::value* text = body.if_contains(field)) EAI_CHECK(check(field, longest_in(*text), limit));
  }
  return {};
}

}  // namespace eai::api
