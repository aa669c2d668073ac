// Why: what was verified on its way in may have changed on the disk since.
// Thread: the job's. Blocks on the disk.
#pragma once

#include <optional>

#include "library/job.h"
#include "library/resolve.h"

namespace eai::library {

struct Checked {
  std::uint64_t bytes = 0;      // of all files
  std::optional<Error> damage;  // Code::corrupt or invalid: what is wrong; none: every byte is as it was
};

// Reads every file of the model again. An error where that was not possible: Code::not_found: it is not here;
// Code::cancelled: stopped.
Result<Checked> check(const Library& library, const Asked& asked, Feed& feed, const std::stop_token& stop);

}  // namespace eai::library
