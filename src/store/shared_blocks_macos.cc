#include "store/shared_blocks.h"

namespace eai::store {

// APFS shares blocks, but tells nobody which.
std::uint64_t shared_blocks(const fs::path&) { return 0; }

}  // namespace eai::store
