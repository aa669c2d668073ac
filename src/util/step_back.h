// Why: work that nobody waits for must not slow down what somebody waits for.
// Thread: each call concerns the thread that makes it.
#pragma once

namespace eai {

// From now on this thread gets the processor after others that want it. What the system refuses is left as it was.
void step_back();

}  // namespace eai
