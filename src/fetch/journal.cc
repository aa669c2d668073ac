#include "fetch/journal.h"

#include <optional>

#include <fcntl.h>

#include "util/text.h"

namespace eai::fetch {
namespace {

constexpr std::uint64_t k_size_limit = 256 * k_mib;

std::string head_of(const ipld::Cid& id, Journal::Kind kind) {
  return (kind == Journal::Kind::hints ? "eai-journal 1 " : "eai-leaves 1 ") + id.str();
}

std::string line_of(const JournalEntry& entry) {
  return std::string(entry.here ? "+ " : "- ") + std::to_string(entry.piece) + ' ' + std::to_string(entry.range.begin) +
         ' ' + std::to_string(entry.range.end) + '\n';
}

std::string_view take_word(std::string_view& rest) {
  std::size_t end = std::min(rest.find(' '), rest.size());
  std::string_view word = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return word;
}

std::optional<JournalEntry> parse_line(std::string_view line) {
  std::string_view sign = take_word(line);
  if (sign != "+" && sign != "-") return std::nullopt;
  auto piece = parse_u64(take_word(line));
  auto begin = parse_u64(take_word(line));
  auto end = parse_u64(line);
  if (!piece || !begin || !end || *begin >= *end) return std::nullopt;
  return JournalEntry{*piece, {*begin, *end}, sign == "+"};
}

}  // namespace

Result<std::optional<Journal::Kind>> Journal::kind_at(const fs::path& path, const ipld::Cid& id) {
  const auto file = open_file(path, O_RDONLY);
  if (!file) {
    if (file.error().code == Code::io) return Failure(std::move(file).error());
    return std::nullopt;
  }
  for (const Kind kind : {Kind::hints, Kind::leaves}) {
    const std::string head = head_of(id, kind) + '\n';
    Bytes bytes(head.size());
    if (read_at(file->get(), 0, bytes) && text_of(bytes) == head) return kind;
  }
  return std::nullopt;
}

Result<std::vector<JournalEntry>> Journal::read(const fs::path& path, const ipld::Cid& id, Kind kind) {
  auto bytes = read_file(path, k_size_limit);
  if (!bytes) {
    if (bytes.error().code == Code::io) return Failure(std::move(bytes).error());
    return std::vector<JournalEntry>{};
  }
  std::vector<JournalEntry> entries;
  std::string_view rest = text_of(*bytes);
  bool first = true;
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
    if (std::exchange(first, false)) {
      if (line != head_of(id, kind)) break;
      continue;
    }
    auto entry = parse_line(line);
    if (!entry) break;
    entries.push_back(*entry);
  }
  return entries;
}

Result<Journal> Journal::begin(const fs::path& path, const ipld::Cid& id, Kind kind,
                               const std::vector<JournalEntry>& entries) {
  std::string text = head_of(id, kind) + '\n';
  for (const JournalEntry& entry : entries) text += line_of(entry);
  EAI_CHECK(write_file_atomic(path, view_of(text)));
  EAI_TRY(UniqueFd fd, open_file(path, O_WRONLY | O_APPEND));
  return Journal(std::move(fd));
}

Result<void> Journal::add(const JournalEntry& entry) { return write_all(fd_.get(), view_of(line_of(entry))); }

}  // namespace eai::fetch
