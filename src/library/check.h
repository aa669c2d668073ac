// Why: what was verified on its way in may have changed on the disk since.
// Thread: the job's. Blocks on the disk.
#pragma once

#include <optional>

#include "engine/pool_options.h"
#include "library/job.h"
#include "library/resolve.h"

namespace eai::library {

struct Checked {
  std::uint64_t bytes = 0;      // of all files
  std::optional<Error> damage;  // Code::corrupt or invalid: what is wrong; none: every byte is as it was
  std::vector<store::ChangedFile> changed = {};  // where, if its files could be read at all
};

// Reads every file of the model again. An error where that was not possible: Code::not_found: it is not here;
// Code::cancelled: stopped.
Result<Checked> check(const Library& library, const Asked& asked, Feed& feed, const std::stop_token& stop);

// Whether a model is verified before its engine is started, each time.
enum class VerifyOnLoad {
  off,
  sample,  // a quick look; a check only if that finds something
  full,    // a check
};
std::optional<VerifyOnLoad> verify_on_load_of(std::string_view word);  // "off", "sample", "full"

// What a pool does before it starts an engine; empty for `off`. Code::corrupt: the model is damaged, with what is.
engine::PoolOptions::Verify verifier(const fs::path& home, VerifyOnLoad how);

}  // namespace eai::library
