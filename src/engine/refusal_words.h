// Why: a scheduler's refusal as an error that people can read, with the names and figures of the models it is about.
// Thread: any; pure functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/budget.h"
#include "engine/memory.h"
#include "engine/scheduler.h"
#include "util/result.h"

namespace eai::engine {

// As WaitNews::phase tells it: "waiting for room".
std::string_view words_of(Standing::Phase phase);
inline constexpr std::string_view k_verifying = "verifying";  // the files of a model whose engine is to be started

struct RefusalFacts {
  std::string name;        // of the model
  std::uint64_t need = 0;  // bytes it is counted with
  std::size_t waiting = 0;
  const std::optional<Error>& damage;  // of its files, because of which its last start failed
  const Inspection& found;
  const Budget& budget;
  std::function<std::string(ModelIndex)> name_of;  // of other models
};
Error error_of(const Refuse& refusal, const RefusalFacts& facts);

}  // namespace eai::engine
