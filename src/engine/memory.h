// Why: whether a model fits is a sum that people can be shown, not a guess. Each kind of engine fills in its own parts.
// Thread: any; pure functions.
// What holds: everything is in bytes; what a file claims cannot overflow the sums, which saturate.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "engine/launch.h"
#include "engine/picture_sizes.h"
#include "model/gguf.h"

namespace eai::engine {

struct MemoryEstimate {
  std::uint64_t weights = 0;       // tensors of the model
  std::uint64_t context = 0;       // KV cache and recurrent state for all tokens of the context
  std::uint64_t compute = 0;       // buffers of one step, outputs included
  std::uint64_t projector = 0;     // weights of the image projector, its buffers, and pictures
  std::uint64_t companions = 0;    // adapters, and the draft model with its context
  std::uint64_t prompt_cache = 0;  // bound of the engine's cache of earlier prompts
  std::uint64_t process = 0;       // the program itself, vocabulary, threads
  std::string note{};              // what was done to make it fit; empty: nothing
  std::uint64_t total() const;
  // "weights 1.83 GB + context of 32768 tokens 3.76 GB + … = 6.1 GB"
  std::string arithmetic(const Launch& launch) const;
};

// What a look at a model's files tells.
struct Inspection {
  model::GgufInfo info;          // without the list of tensors; of an image model only family and variant
  bool sees = false;             // takes pictures
  bool tools = false;            // its chat template knows tools
  PictureSizes pictures;         // that are worth sending to it, if it sees
  std::uint64_t text_limit = 0;  // bytes; no longer text fits into the context; 0: unknown
  Launch launch;
  MemoryEstimate memory;
};

// What must be kept free for a model whose peak so far was `peak`. The peak may be from before a conversation had filled
// the context, a request the buffers of a step, or others the cache of prompts: all these take memory only once they are
// used. So a low peak proves nothing about them, and a high one counts.
std::uint64_t need_of(const MemoryEstimate& estimate, std::optional<std::uint64_t> peak);

// What an engine takes right after its start, before it has computed or kept anything.
std::uint64_t held_at_start(const MemoryEstimate& estimate);
// By how much one answer may be expected to raise that: its slot's share of the rest.
std::uint64_t growth_of_answer(const MemoryEstimate& estimate, const Launch& launch);

// How much an engine may write to before the system refuses it more: far above the estimate, so that only what has run
// away meets it. Stacks count, of which each thread has one, and so does what is only reserved.
std::uint64_t memory_limit(const MemoryEstimate& estimate, const Launch& launch);

std::uint64_t add_saturating(std::uint64_t a, std::uint64_t b);

// What a running engine really needs of what is resident: where weights were copied into another layout for speed, their
// mapped originals are still resident but will never be read again.
std::uint64_t needed_bytes(const MemoryEstimate& estimate, std::uint64_t own, std::uint64_t mapped);

}  // namespace eai::engine
