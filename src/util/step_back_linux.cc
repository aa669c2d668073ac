#include <sys/resource.h>
#include <unistd.h>

#include "util/step_back.h"

namespace eai {

// On Linux, PRIO_PROCESS with a thread's number means that thread alone.
void step_back() { static_cast<void>(::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10)); }

}  // namespace eai
