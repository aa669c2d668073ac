// Why: names, addresses and messages that come from elsewhere are shown to people. What a text may do to a terminal or to
// its reader's eye is decided here, once: move the cursor, reverse the direction of reading, hide letters, break lines.
// Thread: any; these are pure functions.
// What holds: harmful are control characters (C0, DEL, C1), what steers the direction of text (marks, embeddings,
// overrides, isolates), characters without a width of their own (zero-width, fillers, tags, soft hyphen, byte order
// mark), line and paragraph separators, and bytes that are not UTF-8.
// Source: Unicode 15 (Default_Ignorable_Code_Point, Bidi_Control), UAX #9, UTS #39.
#pragma once

#include <string>
#include <string_view>

#include "util/result.h"

namespace eai {

// What a text begins with.
struct Letter {
  std::size_t length = 1;  // bytes; 1 for a byte that is not UTF-8
  char32_t code = 0;
  bool is_utf8 = false;
  bool harmful = true;
};
// `text` is not empty.
Letter first_letter(std::string_view text);

// Harmful characters become '?'. Line breaks and tabs stay, and the text is never cut; printable() (util/text.h) is for a
// single foreign value.
std::string shown(std::string_view text);

// For text that is already JSON: the same value, written so that it can be shown. Harmful characters in strings become
// \uXXXX, and a byte that is not UTF-8, as a file's name may have, becomes the four characters \xNN.
std::string shown_json(std::string_view text);

// Code::invalid, "holds …", for a name that looks different from what it is. For names that are made here: what comes
// with a hash keeps its name and is shown with '?'.
Result<void> check_visible_name(std::string_view name);

// A URL holds a user name or a password ("https://user:secret@host").
bool has_login(std::string_view url);
// The reason why one is refused; `what` is what holds it: "--gateway", "a home's URL".
Failure refuse_login(std::string_view what);
// A URL, or what was meant to be one, for people: without a user name or a password, and without a query's values.
std::string without_secrets(std::string_view url);
// The same for every URL in a sentence, of which the login alone is left out.
std::string without_logins(std::string_view text);

}  // namespace eai
