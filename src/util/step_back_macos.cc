#include <pthread.h>

#include "util/step_back.h"

namespace eai {

void step_back() { static_cast<void>(pthread_set_qos_class_self_np(QOS_CLASS_UTILITY, 0)); }

}  // namespace eai
