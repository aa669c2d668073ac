// Why: a large model may come as several GGUF files. llama.cpp is given the first of them and makes the names of the
// others from its name, so everybody who writes or reads such names must agree on them.
// Thread: any; these are pure functions.
// Source: llama_split_path() of llama.cpp: "<stem>-00001-of-00003.gguf", numbered from 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace eai::model {

struct PieceName {
  std::string stem;
  std::uint32_t number = 0;  // from 1
  std::uint32_t count = 0;
};

inline constexpr std::uint32_t k_pieces_limit = 9'999;

std::string piece_name(std::string_view stem, std::uint32_t number, std::uint32_t count);
// Nothing if it is not such a name, or if number or count make no sense.
std::optional<PieceName> parse_piece_name(std::string_view name);

}  // namespace eai::model
