// Why: `download` and `run` both bring models here, with the same progress and the same last words.
// Thread: one.
#pragma once

#include "cli/interrupt.h"
#include "cli/resolve.h"
#include "fetch/fetch.h"

namespace eai::cli {

// Built from the configuration and what is shipped with the program, in the order they are asked.
fetch::Sources sources_of(const Context& context);
fetch::Options options_of(const FetchSettings& settings);

// The model from the store, or downloaded; with a LoRA comes the model that it adapts. The caller looks at `interrupt` when it failed.
Result<store::Model> bring(Context& context, Library& library, const Asked& asked, const Interrupt& interrupt);

}  // namespace eai::cli
