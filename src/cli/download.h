// Why: `download`, `run` and `image` bring models here, and show it in the same way.
// Thread: one.
#pragma once

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "library/resolve.h"

namespace eai::cli {

// library::bring() as a job. The caller looks at `interrupt` when it failed.
Result<store::Model> bring(const Context& context, library::Library& library, const library::Asked& asked,
                           const Interrupt& interrupt);

}  // namespace eai::cli
