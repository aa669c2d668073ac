// Why: what an embedding model answers is read, compared and written again.
// Thread: any; pure functions.
#pragma once

#include <cstddef>
#include <vector>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "util/result.h"

namespace eai::cli {

using Vector = std::vector<float>;

// Of POST /v1/embeddings with "encoding_format": "base64", in the order of the texts. Code::network: it is not an answer
// to `count` texts, or has vectors of several lengths or with numbers that are none.
Result<std::vector<Vector>> vectors_of(const boost::json::object& answer, std::size_t count);

// From -1 to 1; 0 if one of them has no direction. They have the same length.
double cosine_of(const Vector& a, const Vector& b);

// As few digits as tell each number from its neighbours.
boost::json::array numbers_of(const Vector& vector);

}  // namespace eai::cli
