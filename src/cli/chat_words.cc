#include "cli/chat_words.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <optional>

#include "cli/chat_picture.h"
#include "util/file.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::array<ChatWord, 15> k_words = {{
    {ChatDo::system, "system", "[text]", "Give instructions, or show them; - removes them"},
    {ChatDo::set, "set", "<name> <value>", "think, history, temperature, max-tokens or system"},
    {ChatDo::show, "show", "[name]", "settings, model, thoughts, messages or system"},
    {ChatDo::model, "model", "[name]", "Take another model of the server, or list them"},
    {ChatDo::image, "image", "<file>", "Add a picture to the next question"},
    {ChatDo::draw, "draw", "<prompt>", "Draw a picture into a file, as `eai image` does"},
    {ChatDo::edit, "edit", "", "Write the next question in $EDITOR"},
    {ChatDo::clear, "clear", "", "Forget the conversation, except the instructions"},
    {ChatDo::undo, "undo", "", "Take back the last question and its answer"},
    {ChatDo::retry, "retry", "", "Ask the last question again"},
    {ChatDo::copy, "copy", "", "Copy the last answer to the terminal's clipboard"},
    {ChatDo::save, "save", "<file.md|file.json>", "Save the conversation, to read or to load again"},
    {ChatDo::load, "load", "<file.json>", "Go on with a saved conversation"},
    {ChatDo::help, "help", "", "Show this", "?"},
    {ChatDo::bye, "bye", "", "Leave; so does Ctrl-D", "exit"},
}};

constexpr std::size_t k_wide = 60;  // columns in which a word and what it does stand side by side

constexpr std::array<std::string_view, 5> k_settable = {"think", "history", "temperature", "max-tokens", "system"};
constexpr std::array<std::string_view, 5> k_showable = {"settings", "model", "thoughts", "messages", "system"};

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") - first + 1);
}

// A word of the shell's kind at the beginning of a text: in quotes, or up to a blank that is not escaped.
struct ShellWord {
  std::size_t length;  // in the text
  std::string value;
};
ShellWord first_shell_word(std::string_view text) {
  if (text[0] == '"' || text[0] == '\'') {
    const std::size_t end = text.find(text[0], 1);
    if (end != std::string_view::npos) return {end + 1, std::string(text.substr(1, end - 1))};
  }
  ShellWord out{0, {}};
  while (out.length < text.size() && std::string_view(" \t\n").find(text[out.length]) == std::string_view::npos) {
    if (text[out.length] == '\\' && out.length + 1 < text.size()) ++out.length;
    out.value += text[out.length++];
  }
  return out;
}

bool is_picture_file(const std::string& path) {
  if (path.find('/') == std::string::npos || !names_picture(path)) return false;
  std::error_code ignored;
  return fs::is_regular_file(file_named(path), ignored);
}

// The entries of a folder whose names go on with what was typed.
std::vector<std::string> paths_like(std::string_view typed) {
  const std::size_t slash = typed.rfind('/');
  const std::string folder(typed.substr(0, slash == std::string_view::npos ? 0 : slash + 1));
  const std::string_view name = typed.substr(folder.size());
  std::vector<std::string> out;
  std::error_code wrong;
  const fs::path place = folder.empty() ? "." : file_named(folder);
  for (fs::directory_iterator it(place, wrong), end; !wrong && it != end && out.size() < 1000; it.increment(wrong)) {
    const std::string found = it->path().filename().string();
    if (!found.starts_with(name) || (found.starts_with('.') && !name.starts_with('.'))) continue;
    if (!is_valid_utf8(found)) continue;
    std::error_code ignored;
    out.push_back(folder + found + (it->is_directory(ignored) ? "/" : ""));
  }
  std::ranges::sort(out);
  return out;
}

template <typename Words>
std::vector<std::string> those_like(const Words& words, std::string_view typed) {
  std::vector<std::string> out;
  for (const auto& word : words)
    if (std::string_view(word).starts_with(typed)) out.emplace_back(word);
  return out;
}

std::vector<std::string> arguments_like(ChatDo what, std::string_view typed, const std::vector<std::string>& models) {
  switch (what) {
    case ChatDo::set:
      return those_like(k_settable, typed);
    case ChatDo::show:
      return those_like(k_showable, typed);
    case ChatDo::model:
      return those_like(models, typed);
    case ChatDo::image:
    case ChatDo::save:
    case ChatDo::load:
      return paths_like(typed);
    default:
      return {};
  }
}

const ChatWord* word_named(std::string_view name) {
  const auto it = std::ranges::find_if(k_words, [&](const ChatWord& word) {
    return word.name == name || (!word.other.empty() && word.other == name) ||
           (word.what == ChatDo::bye && name == "quit");
  });
  return it == k_words.end() ? nullptr : &*it;
}

}  // namespace

std::span<const ChatWord> chat_words() { return k_words; }
std::span<const std::string_view> chat_settable() { return k_settable; }
std::span<const std::string_view> chat_showable() { return k_showable; }

Result<ChatLine> read_chat_line(std::string_view line) {
  const std::string_view text = trimmed(line);
  const std::string_view first = text.substr(0, text.find_first_of(" \t\n"));
  const bool is_path = first.find('/', 1) != std::string_view::npos || is_picture_file(std::string(first));
  if (!text.starts_with('/') || is_path) return ChatLine{nullptr, std::string(text)};
  const ChatWord* word = word_named(lower(first.substr(1)));
  if (word == nullptr) {
    std::vector<std::string> known;
    for (const ChatWord& each : k_words) known.push_back("/" + std::string(each.name));
    const auto near = near_names(first, known, 2);
    std::string message = "there is no word " + printable(first, 60);
    for (const std::string& name : near) message += (&name == near.data() ? "; did you mean " : " or ") + name;
    return fail(Code::invalid, message + (near.empty() ? "; /help lists them" : "?"));
  }
  const std::string rest(trimmed(text.substr(first.size())));
  if (word->argument.empty() && !rest.empty())
    return fail(Code::invalid, "/" + std::string(word->name) + " takes nothing after it");
  if (word->argument.starts_with('<') && rest.empty())
    return fail(Code::invalid, "say more: /" + std::string(word->name) + " " + std::string(word->argument));
  return ChatLine{word, rest};
}

std::string chat_help(std::size_t columns) {
  const bool narrow = columns > 0 && columns < k_wide;
  std::string out;
  for (const ChatWord& word : k_words) {
    std::string left = "/" + std::string(word.name);
    if (!word.argument.empty()) left += " " + std::string(word.argument);
    if (narrow) {
      left += "\n  ";
    } else {
      left.resize(std::max<std::size_t>(left.size() + 1, 28), ' ');
    }
    out += left + std::string(word.help) + "\n";
  }
  return out +
         "\nCtrl-J begins a new line, and \"\"\" several, up to the next \"\"\". The path of a\n"
         "picture in a line adds it. Tab completes words, paths and models. Ctrl-C stops\n"
         "an answer, Ctrl-D leaves.\n";
}

std::string file_named(std::string_view typed) {
  if (typed.size() >= 2 && (typed.front() == '"' || typed.front() == '\'') && typed.back() == typed.front())
    typed = typed.substr(1, typed.size() - 2);
  const char* home = std::getenv("HOME");
  if (typed.starts_with("~/") && home != nullptr) return home + std::string(typed.substr(1));
  return std::string(typed);
}

TextAndPictures pictures_in(std::string_view text) {
  TextAndPictures out;
  while (!text.empty()) {
    const std::size_t blanks = std::min(text.find_first_not_of(" \t\n"), text.size());
    const std::string_view rest = text.substr(blanks);
    const ShellWord word = rest.empty() ? ShellWord{0, {}} : first_shell_word(rest);
    const bool picture = !rest.empty() && is_picture_file(word.value);
    if (picture) {
      out.files.push_back(word.value);
    } else {
      out.text += text.substr(0, blanks + word.length);
    }
    text.remove_prefix(blanks + word.length);
  }
  if (!out.files.empty()) out.text = std::string(trimmed(out.text));
  return out;
}

Completion completion_of(std::string_view before, const std::vector<std::string>& models) {
  const std::size_t begin = before.find_last_of(" \t\n") + 1;  // 0 without any
  const std::string_view typed = before.substr(begin);
  if (begin == 0 && typed.starts_with('/') && typed.find('/', 1) == std::string_view::npos) {
    std::vector<std::string> names;
    for (const ChatWord& word : k_words) names.push_back("/" + std::string(word.name));
    if (auto found = those_like(names, typed); !found.empty()) return {0, std::move(found)};
  }
  if (begin > 0 && before.starts_with('/')) {
    const std::string_view first = before.substr(1, before.find_first_of(" \t\n") - 1);
    const ChatWord* word = word_named(first);
    if (word != nullptr && before.find_last_not_of(" \t\n", begin - 1) == first.size())
      return {begin, arguments_like(word->what, typed, models)};
  }
  if (typed.find('/') == std::string_view::npos) return {begin, {}};
  return {begin, paths_like(typed)};
}

}  // namespace eai::cli
