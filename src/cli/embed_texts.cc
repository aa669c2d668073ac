#include "cli/embed_texts.h"

#include <algorithm>

#include <unistd.h>

#include "util/own_folder.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::uint64_t k_limit = 1024 * k_mib;

bool is_empty(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

Result<std::vector<EmbedText>> read_lines(const std::string& file) {
  if (file != "-") {
    auto bytes = read_file(file, k_limit);
    if (!bytes) return Failure(std::move(bytes).error().with("--file"));
    return lines_of(text_of(*bytes), printable(file, 4096));
  }
  EAI_TRY(const Bytes bytes, read_all(STDIN_FILENO, "standard input", k_limit));
  return lines_of(text_of(bytes), "standard input");
}

}  // namespace

Result<std::vector<EmbedText>> lines_of(std::string_view text, std::string_view name) {
  constexpr std::string_view k_byte_order_mark = "\xef\xbb\xbf";
  if (text.starts_with(k_byte_order_mark)) text.remove_prefix(k_byte_order_mark.size());
  std::vector<EmbedText> out;
  for (std::size_t number = 1; !text.empty(); ++number) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_valid_utf8(line))
      return fail(Code::invalid, std::string(name) + ", line " + std::to_string(number) + " is not UTF-8 text");
    if (!is_empty(line)) out.push_back({std::string(line), number});
  }
  return out;
}

Result<std::vector<EmbedText>> texts_to_embed(const std::vector<std::string>& words, const std::string& file) {
  std::vector<EmbedText> out;
  for (const std::string& word : words) {
    if (!is_valid_utf8(word)) return fail(Code::invalid, "\"" + printable(word, 60) + "\" is not UTF-8 text");
    if (!is_empty(word)) out.push_back({word});
  }
  if (!file.empty() || words.empty()) {
    EAI_TRY(std::vector<EmbedText> lines, read_lines(file.empty() ? "-" : file));
    std::ranges::move(lines, std::back_inserter(out));
  }
  if (out.empty())
    return fail(Code::invalid, "there is nothing to embed: give a text, name a file with --file, or pipe lines in");
  return out;
}

}  // namespace eai::cli
