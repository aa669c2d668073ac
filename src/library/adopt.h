// Why: people who come from the Python tool have their models already; each is taken over from where it lies.
// Thread: the job's. Blocks on the disk, and on the network where the tool kept no metadata.
#pragma once

#include "library/job.h"
#include "library/resolve.h"
#include "library/settings.h"
#include "store/adopt.h"

namespace eai::library {

// The candidate under its hash. Where the tool kept no metadata, some kilobytes are asked for. Errors as those of
// store::adopt() and fetch::download_metadata(); the store is then as it was.
Result<store::Adopted> adopt(Library& library, const Asked& asked, const store::Candidate& candidate,
                             const FetchSettings& settings, Feed& feed, const std::stop_token& stop);

}  // namespace eai::library
