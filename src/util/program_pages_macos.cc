#include "util/program_pages.h"

namespace eai {

void let_go_of_program_pages() {}

}  // namespace eai
