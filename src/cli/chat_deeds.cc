// What the words of a chat do.
#include <algorithm>

#include <unistd.h>

#include "cli/chat.h"
#include "cli/chat_editor.h"
#include "cli/chat_picture.h"
#include "util/base64.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::uint64_t k_file_limit = 256 * k_mib;  // a conversation with many pictures

Result<bool> read_switch(const std::string& text, std::string_view name) {
  if (text == "on" || text == "true" || text == "yes") return true;
  if (text == "off" || text == "false" || text == "no") return false;
  return fail(Code::invalid, std::string(name) + " is on or off, not " + printable(text, 60));
}

std::string_view switch_of(bool on) { return on ? "on" : "off"; }

Failure unknown(std::string_view what, const std::string& name, std::span<const std::string_view> known) {
  std::string list;
  for (const std::string_view one : known) list += (list.empty() ? "" : ", ") + std::string(one);
  return fail(Code::invalid, std::string(what) + " " + printable(name, 60) + " is not known; there are " + list);
}

}  // namespace

Chat::Then Chat::obey(const ChatLine& line) {
  Result<void> done;
  switch (line.word->what) {
    case ChatDo::system:
      done = instruct(line.rest);
      break;
    case ChatDo::set:
      done = set(line.rest);
      break;
    case ChatDo::show:
      done = show(line.rest);
      break;
    case ChatDo::model:
      done = model(line.rest);
      break;
    case ChatDo::image:
      done = image(line.rest);
      break;
    case ChatDo::draw:
      done = draw(line.rest);
      break;
    case ChatDo::edit:
      done = edit();
      break;
    case ChatDo::clear:
      session_.clear();
      pictures_.clear();
      context_.out.note("The conversation is forgotten.");
      break;
    case ChatDo::undo:
      done = undo();
      break;
    case ChatDo::retry:
      done = retry();
      break;
    case ChatDo::copy:
      done = copy();
      break;
    case ChatDo::save:
      done = save(line.rest);
      break;
    case ChatDo::load:
      done = load(line.rest);
      break;
    case ChatDo::help:
      text(chat_help(context_.out.columns()));
      break;
    case ChatDo::bye:
      return Then::leave;
  }
  if (!done) tell(done.error());
  return Then::go_on;
}

void Chat::text(const std::string& text) {
  context_.out.piece(shown_answer(text.ends_with('\n') || text.empty() ? text : text + "\n"));
}

Result<void> Chat::instruct(const std::string& instructions) {
  if (instructions.empty()) return show("system");
  session_.system = instructions == "-" ? "" : instructions;
  context_.out.note(session_.system.empty() ? "The model gets no instructions." : "The model gets these instructions.");
  return {};
}

Result<void> Chat::set(const std::string& rest) {
  const std::size_t blank = std::min(rest.find_first_of(" \t\n"), rest.size());
  const std::string name = rest.substr(0, blank);
  const std::size_t begin = rest.find_first_not_of(" \t\n", blank);
  const std::string value = begin == std::string::npos ? "" : rest.substr(begin);
  if (std::ranges::find(chat_settable(), name) == chat_settable().end()) return unknown("/set", name, chat_settable());
  if (value.empty()) return fail(Code::invalid, "say more: /set " + name + " <value>");
  if (name == "system") return instruct(value);
  if (name == "think") {
    EAI_TRY(think_, read_switch(value, name));
  } else if (name == "history") {
    EAI_TRY(keep_lines_, read_switch(value, name));
  } else if (name == "temperature") {
    options_.temperature.reset();
    if (value != "default") {
      EAI_TRY(options_.temperature, read_temperature(value, "/set temperature"));
    }
  } else if (name == "max-tokens") {
    const auto number = value == "default" ? 0 : parse_u64(value);
    if (!number || *number > 1'000'000'000)
      return fail(Code::invalid, "/set max-tokens is " + printable(value, 60) + ", but must be a whole number");
    options_.max_tokens = *number;
  }
  show_settings();
  return {};
}

void Chat::show_settings() {
  std::string number = "the model's own";
  if (options_.temperature) {
    number = std::to_string(*options_.temperature);
    number.erase(number.find_last_not_of('0') + 1);
    if (number.ends_with('.')) number.pop_back();
  }
  text("think " + std::string(switch_of(think_)) + "\nhistory " + std::string(switch_of(keep_lines_)) +
       "\ntemperature " + number + "\nmax-tokens " +
       (options_.max_tokens == 0 ? "as many as the context has room for" : std::to_string(options_.max_tokens)));
}

void Chat::show_model() {
  std::string out = model_.name + "\n" + model_.hash + "\n";
  if (context_length_ > 0) out += "context " + std::to_string(context_length_) + " tokens\n";
  if (models_.size() > 1) {
    out += "the server also has";
    for (const std::string& name : models_)
      if (name != model_.name) out += " " + name;
  }
  text(out);
}

Result<void> Chat::show(const std::string& what) {
  if (what.empty() || what == "settings") show_settings();
  if (what.empty() || what == "model") show_model();
  if (what == "system") text(session_.system.empty() ? "The model gets no instructions." : session_.system);
  if (what == "messages") text(session_.as_markdown(model_.name));
  if (what == "thoughts") {
    const ChatTurn* last = session_.last_answer();
    text(last == nullptr || last->reasoning.empty() ? "There are no thoughts with the last answer." : last->reasoning);
  }
  if (!what.empty() && std::ranges::find(chat_showable(), what) == chat_showable().end())
    return unknown("/show", what, chat_showable());
  return {};
}

Result<void> Chat::model(const std::string& name) {
  if (name.empty()) {
    std::string out;
    for (const std::string& one : models_) out += (one == model_.name ? "* " : "  ") + one + "\n";
    text(out.empty() ? model_.name : out);
    return {};
  }
  Interrupt interrupt(Interrupt::Ends::answer);
  EAI_TRY(auto ready, ready_model(context_, {.name = name}, interrupt));
  if (!ready) return {};
  model_ = *std::move(ready);
  learn_models();
  learn_context();
  context_.out.note("This is " + model_.name + " now; it knows the conversation.");
  return {};
}

Result<void> Chat::image(const std::string& file) {
  EAI_TRY(ChatPicture picture, load_picture(file_named(file)));
  pictures_.push_back(std::move(picture));
  context_.out.note("It goes with the next question.");
  return {};
}

Result<void> Chat::draw(const std::string& prompt) {
  Words words;
  words.text = prompt;
  Context order{words, context_.config, context_.folders, context_.out, {}};
  auto drawn = cli::image(order);
  return drawn ? Result<void>() : Failure(std::move(drawn).error());
}

Result<void> Chat::edit() {
  if (::isatty(STDIN_FILENO) != 1) return fail(Code::unsupported, "an editor needs a terminal");
  EAI_TRY(std::string question, edited_text(context_.folders, ""));
  while (question.ends_with('\n')) question.pop_back();
  if (question.find_first_not_of(" \t\n") == std::string::npos) {
    context_.out.note("Nothing was written, so nothing is asked.");
    return {};
  }
  text(question);
  keep(question);
  ask(question, {});
  return {};
}

Result<void> Chat::undo() {
  const auto taken = session_.undo();
  if (!taken) return fail(Code::not_found, "there is no question to take back");
  context_.out.note("Taken back: " + shortened(printable(taken->question), 60));
  return {};
}

Result<void> Chat::retry() {
  if (!session_.reopen()) return fail(Code::not_found, "there is no question to ask again");
  answer();
  return {};
}

Result<void> Chat::copy() {
  const ChatTurn* last = session_.last_answer();
  if (last == nullptr) return fail(Code::not_found, "there is no answer to copy");
  if (context_.out.is_plain())
    return fail(Code::unsupported, "this terminal has no clipboard that can be reached; /save writes a file");
  // OSC 52 of xterm. Whether the terminal obeys is not told.
  context_.out.piece("\033]52;c;" + to_base64(last->answer) + "\a");
  context_.out.note("Copied " + human_bytes(last->answer.size()) + ", if this terminal allows it.");
  return {};
}

Result<void> Chat::save(const std::string& typed) {
  const std::string file = file_named(typed), ending = lower(fs::path(file).extension().string());
  if (ending != ".md" && ending != ".json")
    return fail(Code::invalid, "the name must end in .md, to read it, or in .json, to load it again");
  if (session_.turns().empty()) return fail(Code::not_found, "nothing has been said yet");
  std::error_code ignored;
  const bool own = std::ranges::find(own_files_, file) != own_files_.end();
  if (!own && fs::exists(fs::symlink_status(file, ignored)))
    return fail(Code::invalid, printable(file) + " exists already, and this chat did not write it");
  const std::string content = ending == ".md" ? session_.as_markdown(model_.name) : session_.as_json(model_.name);
  EAI_CHECK(write_file_atomic(file, view_of(content), 0600));
  if (!own) own_files_.push_back(file);
  context_.out.note("Saved as " + printable(file) + ".");
  return {};
}

Result<void> Chat::load(const std::string& typed) {
  const std::string file = file_named(typed);
  EAI_TRY(const Bytes bytes, read_file(file, k_file_limit));
  auto loaded = ChatSession::from_json(text_of(bytes));
  if (!loaded) return Failure(std::move(loaded).error().with(printable(file) + " is not a saved conversation"));
  session_ = *std::move(loaded);
  own_files_.push_back(file);
  const std::size_t count = session_.turns().size();
  context_.out.note(std::to_string(count) + (count == 1 ? " question" : " questions") + " and what was answered; " +
                    "/show messages shows them.");
  return {};
}

}  // namespace eai::cli
