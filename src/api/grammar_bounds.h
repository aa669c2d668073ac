// Why: an engine unfolds a grammar before it draws a token, and a few bytes can be made to unfold into millions of
// elements, or to nest so deep that its recursion ends the process. Such a grammar is refused before an engine sees it.
// Thread: any; pure functions, linear in what they read.
// What holds: what passes unfolds to at most k_grammar_elements elements, and nests at most k_grammar_depth deep.
// Source: llama.cpp's grammars/README.md (GBNF) and json-schema-to-grammar.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "util/result.h"

namespace eai::api {

inline constexpr std::size_t k_grammar_elements = 20'000;  // after every repetition was unfolded
inline constexpr std::size_t k_grammar_depth = 32;         // groups in groups
inline constexpr std::size_t k_schema_depth = 32;          // values in values
inline constexpr std::size_t k_schema_values = 5'000;      // of all kinds
inline constexpr std::size_t k_schema_optional = 100;      // properties of an object that need not be there
inline constexpr std::size_t k_schema_choices = 1'000;     // values of all enums
inline constexpr std::size_t k_schema_references = 200;
inline constexpr std::size_t k_schema_count = 1'000;  // a bound of a length or of a number of items
inline constexpr std::size_t k_schema_pattern = 512;  // bytes

// A grammar in GBNF. Code::invalid, about `path`.
Result<void> check_grammar(std::string_view grammar, std::string_view path);

// A JSON schema, which an engine makes a grammar of. Code::invalid, about `path`.
Result<void> check_schema_size(const boost::json::value& schema, std::string_view path);

}  // namespace eai::api
