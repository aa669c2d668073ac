// Why: a model whose bytes changed on this disk is mended, and as little as possible is fetched for it.
// Thread: the job's. Blocks on network and disk.
// What holds: the damaged model stays in place until the mended one is proven and replaces it. A running engine keeps the
// files that it has open; the server is told, and loads the model anew as soon as nobody uses it (tell_server()).
#pragma once

#include <vector>

#include "library/job.h"
#include "library/resolve.h"
#include "library/settings.h"

namespace eai::library {

struct Repaired {
  bool was_damaged = false;
  bool by_leaves = true;                    // false: it came as an archive, and was fetched as a whole
  std::uint64_t bytes = 0;                  // of the model
  std::vector<store::ChangedFile> changed;  // what the check found; empty if a file has the wrong size or is gone
  std::uint64_t here = 0;                   // of the bytes, those that were still good
  std::uint64_t fetched = 0;                // bytes
};

// Checks the model, and fetches what is damaged. Leaf by leaf where the model's trees are known; a model that came as an
// archive can only be fetched again as a whole. Errors as those of bring(); Code::not_found: the model is not here.
Result<Repaired> repair(Library& library, const Asked& asked, const FetchSettings& settings, Feed& feed,
                        const std::stop_token& stop);

}  // namespace eai::library
