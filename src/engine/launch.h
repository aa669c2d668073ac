// Why: what is decided once per model before its engine can start.
// Thread: plain values.
// What holds: made by the kind's `inspect`. The fields that both kinds do not share are read only by the kind that sets them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace eai::engine {

struct Launch {
  std::uint32_t context = 0;                    // tokens, shared by all slots
  std::uint32_t slots = 1;                      // answers at the same time
  std::uint32_t batch = 512;                    // tokens per step of the engine (physical batch)
  std::uint32_t outputs = 0;                    // tokens whose outputs are kept at once: of a batch, for embeddings
  std::uint64_t cache_ram = 0;                  // bytes, bound of the engine's cache of earlier prompts
  double key_bytes = 2, value_bytes = 2;        // of one number in the KV cache
  bool whole_window = false;                    // layers with a sliding window keep all of the context
  bool on_device = false;                       // there are GPUs, and the engine decides what goes to them
  bool ranks = false;                           // ranks documents by a query, which the engine does not see by itself
  std::string alias{};                          // the model's name in answers
  std::vector<std::string> engine_arguments{};  // of an image model: its parts and how it draws
  std::string variant{};                        // what was done to make it fit, for measured.json: "/q8_0/tiles"
  std::string slot_folder{};                    // where the KV caches of its slots may be saved; empty: nowhere
  std::string known_fit{};  // how the model fits its devices, as an earlier start told; may be empty
};

}  // namespace eai::engine
