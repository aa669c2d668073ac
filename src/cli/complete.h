// Why: a shell asks what the word that is being typed may become, each time somebody presses the tab key.
// Thread: any; pure, apart from the names, which come from the one who asks.
// What holds: what is offered comes from the tables of commands and settings. Every offer begins with what was typed, and
// needs no quotes in any shell.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace eai::cli {

struct Offer {
  std::string word, says;
};

struct Offers {
  enum class Paths { none, files, folders };  // what the shell itself is to offer besides
  std::vector<Offer> words;
  Paths paths = Paths::none;
};

// Each is asked at most once, and only if its names can be meant.
struct ModelNames {
  std::function<std::vector<Offer>()> here, left, known, loaded;  // `left`: what is unfinished or damaged
};

// `words` stand behind `eai`; the last one is being typed, and may be empty.
Offers offers_for(const std::vector<std::string>& words, const ModelNames& names);

// Bash splits words at = and :. This joins them again; the offers for the last word are cut to what bash replaces.
std::vector<std::string> joined_by_bash(const std::vector<std::string>& split);
void cut_for_bash(Offers& offers, std::string_view joined, std::string_view last);

}  // namespace eai::cli
