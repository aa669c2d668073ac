// Why: what `eai embed` makes vectors of: words of the command line, lines of a file, or lines of a pipe.
// Thread: any; blocks on the file or pipe.
// What holds: a line keeps its number, so that a vector can be found again beside its line; empty lines are left out.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai::cli {

struct EmbedText {
  std::string text;
  std::size_t line = 0;  // of its file or pipe, from 1; 0: it stood on the command line
};

// `name` begins the errors. A byte order mark and the CR of a CRLF are no part of a line. Code::invalid names the first
// line that is not UTF-8.
Result<std::vector<EmbedText>> lines_of(std::string_view text, std::string_view name);

// The words first, then the file's lines; "-" is standard input, which is also read where there is neither.
// Code::invalid: there is nothing but empty texts.
Result<std::vector<EmbedText>> texts_to_embed(const std::vector<std::string>& words, const std::string& file);

}  // namespace eai::cli
