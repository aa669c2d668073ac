// Why: a picture that has more pixels than its model looks at only costs memory and time in the engine, and how much
// memory the pictures of a request take there must be known before there is one. So the API makes pictures no larger than
// these sizes, and the estimate counts what they take.
// Thread: any; pure functions.
// Source: mtmd of llama.cpp v0.5.0 (which kinds of projector look at one square of a fixed size), and what it holds while
// it reads pictures.
#pragma once

#include <cstdint>

#include "model/gguf.h"

namespace eai::engine {

struct PictureSizes {
  std::uint64_t each = 8'400'000;  // pixels; a 4K screen has 8.3 million
  std::uint64_t all = 16'800'000;  // pixels of all pictures of a request
  bool operator==(const PictureSizes&) const = default;
};

// What is worth sending: four times the side of the square at which a projector looks, where it looks at one only. What is
// lost of a long, narrow picture is lost anyway when it becomes that square.
PictureSizes picture_sizes(const model::GgufInfo& projector);

// What the engine holds for pictures: all of one request decoded, since it reads one request at a time, and one of them
// as its decoder holds it and in copy; and what the API lets through at once (picture_gate.h), a byte for each pixel, as
// text and as files.
std::uint64_t picture_bytes(const PictureSizes& sizes);

}  // namespace eai::engine
