// Why: OpenAI's `dimensions` asks for shorter vectors than a model makes. Models that are trained for it (Matryoshka)
// carry most of the meaning in the first numbers, so the vectors are cut and made unit vectors again.
// Thread: any; pure function (about 20 ms for a thousand vectors).
// Source: OpenAI API reference, "Embeddings"; Kusupati et al., "Matryoshka Representation Learning".
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "util/result.h"

namespace eai::api {

// An answer of /v1/embeddings, in numbers or in base64 (32-bit floats, little endian), with vectors of `dimensions`.
// Code::invalid, about `dimensions`: the model's vectors are shorter. Code::network: it is not such an answer.
Result<std::string> cut_vectors(std::string_view answer, std::size_t dimensions);

}  // namespace eai::api
