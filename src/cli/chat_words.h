// Why: what is typed in a chat is a word with a slash, or something to say, with pictures perhaps. This tells which.
// Thread: any. Only pictures_in() and completion_of() look at the disk, for files that are named.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/line_editor.h"
#include "util/result.h"

namespace eai::cli {

enum class ChatDo { system, set, show, model, image, draw, edit, clear, undo, retry, copy, save, load, help, bye };

struct ChatWord {
  ChatDo what;
  std::string_view name;      // "save"
  std::string_view argument;  // "<file.md|file.json>"; empty: it takes none
  std::string_view help;
  std::string_view other = {};  // a second name
};

std::span<const ChatWord> chat_words();
// The names for /set and /show.
std::span<const std::string_view> chat_settable();
std::span<const std::string_view> chat_showable();

// What a line is: a word and the rest of the line, or, with no word, text for the model.
struct ChatLine {
  const ChatWord* word = nullptr;
  std::string rest;
};
// Code::invalid: a slash with an unknown word, with those like it, or a word that takes nothing and got something.
Result<ChatLine> read_chat_line(std::string_view line);

// What /help prints; 0 columns: it is not known how many there are.
std::string chat_help(std::size_t columns);

// "~/x" with the home folder in place of the tilde; quotes around the whole are removed.
std::string file_named(std::string_view typed);

// The pictures that a text names by a path with a slash in it, quoted or with its blanks escaped if it has some. Their
// paths are taken out of the text.
struct TextAndPictures {
  std::string text;
  std::vector<std::string> files;
};
TextAndPictures pictures_in(std::string_view text);

// For the Tab key: words, what /set and /show take, models, and paths of files.
Completion completion_of(std::string_view before, const std::vector<std::string>& models);

}  // namespace eai::cli
