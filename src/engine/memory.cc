#include "engine/memory.h"

#include <algorithm>

#include "util/text.h"

namespace eai::engine {

std::uint64_t add_saturating(std::uint64_t a, std::uint64_t b) {
  std::uint64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}

std::uint64_t MemoryEstimate::total() const {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : {weights, context, compute, projector, companions, prompt_cache, process})
    sum = add_saturating(sum, part);
  return sum;
}

std::string MemoryEstimate::arithmetic(const Launch& launch) const {
  std::string text = "weights " + human_bytes(weights);
  const auto part = [&](const std::string& name, std::uint64_t bytes) {
    if (bytes > 0) text += " + " + name + " " + human_bytes(bytes);
  };
  part("context of " + std::to_string(launch.context) + " tokens", context);
  part("compute", compute);
  part("projector", projector);
  part("adapters and draft", companions);
  part("prompt cache", prompt_cache);
  part("process", process);
  return text + " = " + human_bytes(total()) + (note.empty() ? "" : "; " + note);
}

std::uint64_t needed_bytes(const MemoryEstimate& estimate, std::uint64_t own, std::uint64_t mapped) {
  const std::uint64_t weights =
      add_saturating(add_saturating(estimate.weights, estimate.projector), estimate.companions);
  const std::uint64_t rest = estimate.total() - std::min(estimate.total(), weights);
  const std::uint64_t copied = std::min(own - std::min(own, rest), weights);
  return own + mapped - std::min(mapped, copied);
}

std::uint64_t need_of(const MemoryEstimate& estimate, std::optional<std::uint64_t> peak) {
  if (!peak) return estimate.total();
  std::uint64_t most = *peak;
  for (const std::uint64_t part : {estimate.context, estimate.compute, estimate.prompt_cache})
    most = add_saturating(most, part);
  return std::max(*peak, std::min(estimate.total(), most));
}

std::uint64_t held_at_start(const MemoryEstimate& estimate) {
  std::uint64_t sum = 0;
  for (const std::uint64_t part : {estimate.weights, estimate.projector, estimate.companions, estimate.process})
    sum = add_saturating(sum, part);
  return sum;
}

std::uint64_t growth_of_answer(const MemoryEstimate& estimate, const Launch& launch) {
  return (estimate.total() - held_at_start(estimate)) / std::max(launch.slots, 1u);
}

std::uint64_t memory_limit(const MemoryEstimate& estimate, const Launch& launch) {
  constexpr std::uint64_t k_rest = 2 * k_gib, k_of_slot = 32 * k_mib;
  const std::uint64_t total = estimate.total();
  return add_saturating(add_saturating(add_saturating(total, total), k_rest), launch.slots * k_of_slot);
}

}  // namespace eai::engine
