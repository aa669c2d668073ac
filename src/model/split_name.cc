#include "model/split_name.h"

#include <spdlog/fmt/fmt.h>

#include "util/text.h"

namespace eai::model {

std::string piece_name(std::string_view stem, std::uint32_t number, std::uint32_t count) {
  return fmt::format("{}-{:05}-of-{:05}.gguf", stem, number, count);
}

std::optional<PieceName> parse_piece_name(std::string_view name) {
  constexpr std::size_t ending = std::string_view("-00001-of-00003.gguf").size();
  if (name.size() <= ending) return std::nullopt;
  const std::string_view stem = name.substr(0, name.size() - ending), rest = name.substr(stem.size());
  const auto number = parse_u64(rest.substr(1, 5)), count = parse_u64(rest.substr(10, 5));
  if (!number || !count || *number < 1 || *number > *count || *count > k_pieces_limit) return std::nullopt;
  PieceName out{std::string(stem), static_cast<std::uint32_t>(*number), static_cast<std::uint32_t>(*count)};
  if (piece_name(out.stem, out.number, out.count) != name) return std::nullopt;
  return out;
}

}  // namespace eai::model
