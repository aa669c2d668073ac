#include "cli/chat.h"

#include <algorithm>

#include <boost/json.hpp>

#include "cli/chat_picture.h"
#include "cli/server_answer.h"
#include "cli/silent_keys.h"
#include "library/running.h"
#include "util/error_map.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view k_quotes = "\"\"\"";

LineEditor::Kind kind_of(const Output& out) {
  return out.is_plain() ? LineEditor::Kind::plain : LineEditor::Kind::editing;
}

// "12.3"
std::string tenths(double number) {
  const std::string text = std::to_string(number + 0.05);
  return text.substr(0, text.find('.') + 2);
}

}  // namespace

Chat::Chat(Context& context, ReadyModel model, ChatOptions options, std::vector<ChatPicture> pictures)
    : context_(context),
      model_(std::move(model)),
      options_(options),
      pictures_(std::move(pictures)),
      think_(context.config.chat.think),
      keep_lines_(context.config.chat.history),
      history_(context.folders),
      editor_(kind_of(context.out), [this](std::string_view before) { return completion_of(before, models_); }) {
  session_.system = context.config.chat.system;
}

Result<int> Chat::run() {
  learn_models();
  learn_context();
  if (keep_lines_) {
    for (const std::string& line : history_.load()) editor_.remember(line);
  }
  if (!context_.out.quiet())
    context_.out.aside("This is " + printable(model_.name, 60) + ". /help lists the words, Ctrl-D leaves.\n");
  while (take(read_input()) == Then::go_on && !context_.out.reader_left()) {
  }
  return 0;
}

std::string Chat::prompt() const {
  if (pictures_.empty()) return ">>> ";
  return "[" + std::to_string(pictures_.size()) + (pictures_.size() == 1 ? " picture] " : " pictures] ") + ">>> ";
}

Chat::Input Chat::read_input() {
  const LineEditor::Typed typed = editor_.read(prompt());
  if (typed.how == LineEditor::Ended::end) {
    context_.out.aside("\n");  // what the shell says next begins a line
    return {Input::Kind::end};
  }
  if (typed.how == LineEditor::Ended::interrupted) {
    if (typed.text.empty()) context_.out.aside("Ctrl-D or /bye leaves.\n");
    return {};
  }
  if (!is_valid_utf8(typed.text)) {
    tell({Code::invalid, "the line is not UTF-8 text"});
    return {};
  }
  const std::size_t begin = typed.text.find_first_not_of(" \t\n");
  if (begin == std::string::npos) return {};
  keep(typed.text);
  if (typed.text.substr(begin).starts_with(k_quotes)) return read_block(typed.text.substr(begin + k_quotes.size()));
  return {Input::Kind::line, typed.text};
}

// Up to the quotes that end it. Ctrl-C drops it.
Chat::Input Chat::read_block(std::string begun) {
  while (true) {
    if (const std::size_t end = begun.find(k_quotes); end != std::string::npos) {
      begun.erase(end, k_quotes.size());
      while (begun.starts_with('\n')) begun.erase(0, 1);
      while (begun.ends_with('\n')) begun.pop_back();
      if (begun.find_first_not_of(" \t\n") == std::string::npos) return {};
      return {Input::Kind::text, begun};
    }
    const LineEditor::Typed typed = editor_.read("... ");
    if (typed.how == LineEditor::Ended::end) {
      context_.out.aside("\n");  // what the shell says next begins a line
      return {Input::Kind::end};
    }
    if (typed.how == LineEditor::Ended::interrupted) return {};
    if (!is_valid_utf8(typed.text)) {
      tell({Code::invalid, "the line is not UTF-8 text"});
      return {};
    }
    begun += "\n" + typed.text;
  }
}

void Chat::keep(const std::string& line) {
  editor_.remember(line);
  if (!keep_lines_) return;
  if (auto kept = history_.add(line); !kept) {
    keep_lines_ = false;
    context_.out.warning(std::move(kept).error().with("what you type is not kept"));
  }
}

Chat::Then Chat::take(const Input& input) {
  if (input.kind == Input::Kind::end) return Then::leave;
  if (input.kind == Input::Kind::text) ask(input.text, {});
  if (input.kind != Input::Kind::line) return Then::go_on;
  const auto line = read_chat_line(input.text);
  if (!line) {
    tell(line.error());
  } else if (line->word != nullptr) {
    return obey(*line);
  } else {
    const TextAndPictures parts = pictures_in(line->rest);
    ask(parts.text, parts.files);
  }
  return Then::go_on;
}

void Chat::ask(const std::string& text, const std::vector<std::string>& files) {
  std::vector<ChatPicture> pictures = pictures_;
  for (const std::string& file : files) {
    auto picture = load_picture(file_named(file));
    if (!picture) return tell(picture.error());
    context_.out.aside("with the picture " + printable(file, 100) + "\n");
    pictures.push_back(*std::move(picture));
  }
  pictures_.clear();
  session_.ask(text, std::move(pictures));
  answer();
}

void Chat::answer() {
  AnswerScreen::Style style;
  style.look = context_.out.draws() ? MarkdownLines::Look::styled : MarkdownLines::Look::plain;
  style.thoughts = think_ ? AnswerScreen::Thoughts::shown : AnswerScreen::Thoughts::folded;
  style.label = model_.name;
  AnswerScreen screen(context_.out, style);
  const SilentKeys silent;
  Interrupt interrupt(Interrupt::Ends::answer);
  const auto ready = make_ready(interrupt);
  if (!ready) return tell(ready.error());
  if (!*ready) return context_.out.note("Stopped.");
  std::stop_source stop;
  const std::stop_callback pass_on(interrupt.token(), [&] { stop.request_stop(); });
  const auto end = stream_chat(model_.socket, chat_request(model_.hash, options_, session_),
                               screen.news([&] { stop.request_stop(); }), stop.get_token());
  screen.end();
  take_end(end, screen, interrupt.requested());
}

// A server that has ended since is started again.
Result<bool> Chat::make_ready(const Interrupt& interrupt) {
  EAI_TRY(const auto server, library::running_server(context_.folders));
  if (server && server->port != 0 && std::ranges::find(server->models, model_.hash) != server->models.end())
    return true;
  EAI_TRY(auto model, ready_model(context_, {.name = model_.hash}, interrupt));
  if (!model) return false;
  model_.socket = model->socket;
  learn_models();
  return true;
}

void Chat::take_end(const Result<ChatEnd>& end, const AnswerScreen& screen, bool stopped) {
  if (end || stopped) session_.answer(screen.text(), screen.reasoning());
  if (end) return show_end(*end);
  if (stopped) return context_.out.note("Stopped.");
  tell(end.error());
  if (end.error().code == Code::invalid && !session_.turns().empty()) {
    context_.out.note("/undo takes the question back, /clear forgets the conversation.");
  } else {
    context_.out.note("The conversation is kept; /retry asks again.");
  }
}

void Chat::show_end(const ChatEnd& end) {
  if (context_length_ == 0) learn_context();
  std::string line = std::to_string(end.generated_tokens) + (end.generated_tokens == 1 ? " token" : " tokens");
  if (end.finish_reason == "length") line += ", cut off";
  if (end.tokens_per_second > 0) line += ", " + tenths(end.tokens_per_second) + " tokens/s";
  line += ", context " + std::to_string(end.prompt_tokens + end.generated_tokens);
  if (context_length_ > 0) line += " of " + std::to_string(context_length_);
  context_.out.aside(line + ", " + shortened(end.model.empty() ? model_.hash : end.model, 12) + "\n");
}

// Both are for people only: without an answer they are left out.
void Chat::learn_models() {
  models_.clear();
  const auto told = ask_server(model_.socket, "/v1/models");
  const json::value* list = told ? told->if_contains("data") : nullptr;
  if (list == nullptr || !list->is_array()) return;
  for (const json::value& one : list->get_array()) {
    if (one.is_object() && text_in(one.get_object(), "task") == "chat")
      models_.push_back(printable(text_in(one.get_object(), "folder_name"), 100));
  }
}

void Chat::learn_context() {
  context_length_ = 0;
  const auto told = ask_server(model_.socket, "/v1/models/" + model_.hash);
  if (told) context_length_ = static_cast<std::uint64_t>(std::max<std::int64_t>(signed_in(*told, "context_length"), 0));
}

void Chat::tell(const Error& error) { context_.out.error(error, face_of(error.code).exit_status); }

}  // namespace eai::cli
