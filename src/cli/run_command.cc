// `eai run`: a chat on a terminal; one answer for a prompt or for piped text.
#include <boost/json.hpp>
#include <unistd.h>

#include "cli/chat.h"
#include "cli/chat_answer.h"
#include "cli/chat_picture.h"
#include "cli/chat_request.h"
#include "cli/ready_model.h"
#include "util/own_folder.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t k_input_limit = 16 * k_mib;

// Everything that is piped in; empty on a terminal that has a prompt already.
Result<std::string> piped_text(const Context& context) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (terminal && !context.words.text.empty()) return std::string();
  if (terminal) context.out.note("What do you want to ask? Ctrl-D ends the question.");
  auto bytes = read_all(STDIN_FILENO, "standard input", k_input_limit);
  if (!bytes) return Failure(std::move(bytes).error());
  if (!is_valid_utf8(text_of(*bytes))) return fail(Code::invalid, "standard input is not UTF-8 text");
  return std::string(text_of(*bytes));
}

Result<std::string> question_of(const Context& context) {
  const std::string& prompt = context.words.text;
  if (!is_valid_utf8(prompt)) return fail(Code::invalid, "the prompt is not UTF-8 text");
  EAI_TRY(std::string piped, piped_text(context));
  while (piped.ends_with('\n') || piped.ends_with('\r')) piped.pop_back();
  const std::string out = prompt.empty() ? piped : piped.empty() ? prompt : prompt + "\n\n" + piped;
  if (out.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(Code::invalid, "there is nothing to ask: give a prompt, or pipe a text in");
  return out;
}

Result<std::vector<ChatPicture>> given_pictures(const Context& context) {
  std::vector<ChatPicture> pictures;
  for (const std::string& file : context.config.chat.pictures) {
    auto picture = load_picture(file);
    if (!picture) return Failure(std::move(picture).error().with("--image"));
    pictures.push_back(*std::move(picture));
  }
  return pictures;
}

Result<ChatSession> first_question(const Context& context) {
  ChatSession out;
  out.system = context.config.chat.system;
  EAI_TRY(std::string question, question_of(context));
  EAI_TRY(std::vector<ChatPicture> pictures, given_pictures(context));
  out.ask(std::move(question), std::move(pictures));
  return out;
}

json::object answer_json(const ReadyModel& model, const AnswerScreen& answer, const ChatEnd& end,
                         AnswerScreen::Clock::time_point begin) {
  json::object out{{"model", end.model.empty() ? model.hash : end.model},
                   {"name", model.name},
                   {"content", answer.text()},
                   {"finish_reason", end.finish_reason},
                   {"prompt_tokens", end.prompt_tokens},
                   {"generated_tokens", end.generated_tokens},
                   {"tokens_per_second", end.tokens_per_second}};
  if (!answer.reasoning().empty()) out["reasoning"] = answer.reasoning();
  if (const auto first = answer.first_word())
    out["seconds_to_first_word"] = std::chrono::duration<double>(*first - begin).count();
  return out;
}

Result<std::optional<ReadyModel>> model_of(Context& context, const Interrupt& interrupt) {
  const auto other = context.config.server.force ? OtherServer::is_replaced : OtherServer::stays;
  return ready_model(context, {.name = context.words.models.front(), .other = other}, interrupt);
}

// Where people look, they see more than the answer.
AnswerScreen::Style style_of(const Context& context, const std::string& label) {
  AnswerScreen::Style out;
  out.look = context.out.draws() ? MarkdownLines::Look::styled : MarkdownLines::Look::plain;
  out.waits = context.out.error_is_terminal();
  if (out.waits && context.config.chat.think) out.thoughts = AnswerScreen::Thoughts::shown;
  out.label = label;
  return out;
}

Result<int> answer_once(Context& context) {
  EAI_TRY(const ChatOptions options, chat_options(context.config.chat));
  EAI_TRY(const ChatSession session, first_question(context));
  Interrupt interrupt;
  EAI_TRY(const auto model, model_of(context, interrupt));
  if (!model) {
    context.out.note("Stopped. What is verified is kept; run the same command to continue.");
    return k_interrupted;
  }
  AnswerScreen answer(context.out, style_of(context, model->name));
  std::stop_source stop;
  const std::stop_callback pass_on(interrupt.token(), [&] { stop.request_stop(); });
  const auto begin = AnswerScreen::Clock::now();
  const auto end = stream_chat(model->socket, chat_request(model->hash, options, session),
                               answer.news([&] { stop.request_stop(); }), stop.get_token());
  answer.end();
  if (context.out.reader_left()) return 0;
  if (interrupt.requested()) {
    context.out.note("Stopped.");
    return k_interrupted;
  }
  if (!end) return Failure(end.error());
  context.out.event(answer_json(*model, answer, *end, begin));
  return 0;
}

Result<int> chat(Context& context) {
  EAI_TRY(const ChatOptions options, chat_options(context.config.chat));
  EAI_TRY(std::vector<ChatPicture> pictures, given_pictures(context));
  std::optional<ReadyModel> model;
  {
    Interrupt interrupt;
    EAI_TRY(model, model_of(context, interrupt));
  }
  if (!model) {
    context.out.note("Stopped. What is verified is kept; run the same command to continue.");
    return k_interrupted;
  }
  return Chat(context, *std::move(model), options, std::move(pictures)).run();
}

}  // namespace

Result<int> talk(Context& context) {
  if (context.words.models.empty())
    return fail(Code::invalid, "say which model to talk to; `eai model list --all` lists names");
  const bool terminal = ::isatty(STDIN_FILENO) == 1 && ::isatty(STDOUT_FILENO) == 1;
  // A prompt that is given, though it is empty, is one.
  const bool asks = !context.words.list.empty() || context.out.json();
  return terminal && !asks ? chat(context) : answer_once(context);
}

}  // namespace eai::cli
