#include "fetch/checkpoint.h"

#include <algorithm>
#include <array>
#include <optional>

#include "util/text.h"

namespace eai::fetch {
namespace {

constexpr std::string_view k_magic = "eai-checkpoint 1 ";

Failure damaged() { return fail(Code::corrupt, "the checkpoint of the download is damaged"); }

std::optional<std::string_view> take_until(std::string_view& rest, char end) {
  std::size_t at = rest.find(end);
  if (at == std::string_view::npos) return std::nullopt;
  std::string_view word = rest.substr(0, at);
  rest.remove_prefix(at + 1);
  return word;
}

std::optional<std::uint64_t> take_number(std::string_view& rest, char end) {
  auto word = take_until(rest, end);
  return word ? parse_u64(*word) : std::nullopt;
}

std::optional<WrittenFile> take_file(std::string_view& rest) {
  auto size = take_number(rest, ' ');
  auto digest = take_until(rest, ' ');
  auto name = take_until(rest, '\n');
  if (!size || !digest || !name) return std::nullopt;
  auto bytes = from_hex(*digest);
  WrittenFile file{std::string(*name), *size, {}};
  if (!bytes || bytes->size() != file.sha256.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), file.sha256.begin());
  return file;
}

}  // namespace

Bytes encode(const Checkpoint& checkpoint) {
  std::string head = std::string(k_magic) + std::to_string(checkpoint.pieces) + ' ' +
                     std::to_string(checkpoint.files.size()) + ' ' + std::to_string(checkpoint.unpacker.size()) + '\n';
  for (const WrittenFile& file : checkpoint.files) {
    head += std::to_string(file.size) + ' ' + to_hex(file.sha256) + ' ' + file.name + '\n';
  }
  Bytes out(head.begin(), head.end());
  out.insert(out.end(), checkpoint.unpacker.begin(), checkpoint.unpacker.end());
  return out;
}

Result<Checkpoint> decode_checkpoint(ByteView bytes) {
  std::string_view rest = text_of(bytes);
  if (!rest.starts_with(k_magic)) return damaged();
  rest.remove_prefix(k_magic.size());
  auto pieces = take_number(rest, ' ');
  auto files = take_number(rest, ' ');
  auto state = take_number(rest, '\n');
  if (!pieces || !files || !state) return damaged();
  Checkpoint out;
  out.pieces = *pieces;
  for (std::uint64_t i = 0; i < *files; ++i) {
    auto file = take_file(rest);
    if (!file) return damaged();
    out.files.push_back(std::move(*file));
  }
  if (rest.size() != *state) return damaged();
  out.unpacker.assign(rest.begin(), rest.end());
  return out;
}

}  // namespace eai::fetch
