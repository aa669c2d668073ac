#include "cli/chat_session.h"

#include <boost/json.hpp>

#include "cli/server_answer.h"
#include "util/json_fields.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view k_format = "eai-chat/1";

json::value content_of(const ChatTurn& turn) {
  if (turn.pictures.empty()) return json::string(turn.question);
  json::array parts;
  if (!turn.question.empty()) parts.push_back(json::object{{"type", "text"}, {"text", turn.question}});
  for (const ChatPicture& picture : turn.pictures)
    parts.push_back(json::object{{"type", "image_url"}, {"image_url", json::object{{"url", picture.data_uri}}}});
  return parts;
}

json::array messages_of(const ChatSession& session, bool with_reasoning) {
  json::array out;
  if (!session.system.empty()) out.push_back(json::object{{"role", "system"}, {"content", session.system}});
  for (const ChatTurn& turn : session.turns()) {
    out.push_back(json::object{{"role", "user"}, {"content", content_of(turn)}});
    if (!turn.answered) continue;
    json::object answer{{"role", "assistant"}, {"content", turn.answer}};
    if (with_reasoning && !turn.reasoning.empty()) answer["reasoning_content"] = turn.reasoning;
    out.push_back(std::move(answer));
  }
  return out;
}

// A question as it was sent: text, or parts.
Result<ChatTurn> question_of(const json::object& message) {
  ChatTurn out;
  const json::value* content = message.if_contains("content");
  if (content != nullptr && content->is_string()) {
    out.question = std::string(content->get_string());
    return out;
  }
  if (content == nullptr || !content->is_array()) return fail(Code::invalid, "a message has no content");
  for (const json::value& part : content->get_array()) {
    if (!part.is_object()) return fail(Code::invalid, "a part of a message is not an object");
    const json::object& object = part.get_object();
    const json::value* image = object.if_contains("image_url");
    if (image != nullptr && image->is_object()) {
      out.pictures.push_back({"picture", text_in(image->get_object(), "url")});
    } else {
      out.question += text_in(object, "text");
    }
  }
  return out;
}

Result<void> take_message(ChatSession& to, const json::value& value) {
  if (!value.is_object()) return fail(Code::invalid, "a message is not an object");
  const json::object& message = value.get_object();
  const std::string role = text_in(message, "role");
  if (role == "system" || role == "developer") {
    to.system += (to.system.empty() ? "" : "\n") + text_in(message, "content");
  } else if (role == "user") {
    EAI_TRY(ChatTurn turn, question_of(message));
    to.ask(std::move(turn.question), std::move(turn.pictures));
  } else if (role == "assistant") {
    if (to.turns().empty()) return fail(Code::invalid, "an answer comes before the first question");
    to.answer(text_in(message, "content"), text_in(message, "reasoning_content"));
  } else {
    return fail(Code::invalid, "a message has the role \"" + printable(role, 40) + "\"");
  }
  return {};
}

}  // namespace

void ChatSession::ask(std::string question, std::vector<ChatPicture> pictures) {
  if (!turns_.empty() && !turns_.back().answered) turns_.pop_back();  // it was never answered: this takes its place
  turns_.push_back({std::move(question), std::move(pictures)});
}

void ChatSession::answer(std::string text, std::string reasoning) {
  if (turns_.empty() || (text.empty() && reasoning.empty())) return;
  turns_.back().answer = std::move(text);
  turns_.back().reasoning = std::move(reasoning);
  turns_.back().answered = true;
}

std::optional<ChatTurn> ChatSession::undo() {
  if (turns_.empty()) return std::nullopt;
  ChatTurn last = std::move(turns_.back());
  turns_.pop_back();
  return last;
}

bool ChatSession::reopen() {
  if (turns_.empty()) return false;
  ChatTurn& last = turns_.back();
  last.answer.clear();
  last.reasoning.clear();
  last.answered = false;
  return true;
}

const ChatTurn* ChatSession::last_answer() const {
  for (auto it = turns_.rbegin(); it != turns_.rend(); ++it)
    if (it->answered) return &*it;
  return nullptr;
}

json::array ChatSession::messages() const { return messages_of(*this, false); }

std::string ChatSession::as_json(std::string_view model) const {
  const json::object all{{"format", k_format}, {"model", model}, {"messages", messages_of(*this, true)}};
  return shown_json(json::serialize(all)) + "\n";
}

std::string ChatSession::as_markdown(std::string_view model) const {
  std::string out = "# A chat with " + std::string(model) + "\n";
  if (!system.empty()) out += "\n## Instructions\n\n" + system + "\n";
  for (const ChatTurn& turn : turns_) {
    out += "\n## Question\n\n" + turn.question + "\n";
    for (const ChatPicture& picture : turn.pictures) out += "\n(picture: " + printable(picture.name) + ")\n";
    if (turn.answered) out += "\n## Answer\n\n" + turn.answer + "\n";
  }
  return out;
}

Result<ChatSession> ChatSession::from_json(std::string_view text) {
  boost::system::error_code wrong;
  const json::value value = json::parse(text, wrong);
  if (wrong) return fail(Code::invalid, "it is not JSON");
  const json::value* list = &value;
  if (value.is_object()) list = value.get_object().if_contains("messages");
  if (list == nullptr || !list->is_array()) return fail(Code::invalid, "it has no list of messages");
  ChatSession out;
  for (const json::value& message : list->get_array()) EAI_CHECK(take_message(out, message));
  return out;
}

}  // namespace eai::cli
