// Why: a model that a person asks for comes into the store, whoever has it.
// Thread: the job's. Blocks on network and disk.
#pragma once

#include "fetch/fetch.h"
#include "library/job.h"
#include "library/resolve.h"
#include "library/settings.h"

namespace eai::library {

// As a peer: the other files of the store, which some of the bytes were taken from.
inline constexpr std::string_view k_this_disk = "this disk";

// What fetch is told: block folders first (named ones, then what is shipped with the program), then gateways (named
// ones, then the public ones).
fetch::Sources sources_of(const FetchSettings& settings, const Folders& folders);
fetch::Options options_of(const FetchSettings& settings);

// The model from the store, or downloaded and verified; with a LoRA comes the model that it adapts. The library knows
// them from then on. Errors as those of fetch::download(), with the model's label before them; after a failure or a
// stop the next call goes on from what is verified.
Result<store::Model> bring(Library& library, const Asked& asked, const FetchSettings& settings, Feed& feed,
                           const std::stop_token& stop);

// What bring() would fetch, without the model that a LoRA adapts. Errors as those of fetch::measure().
Result<fetch::Missing> measure(const Library& library, const Asked& asked, const FetchSettings& settings, Feed& feed,
                               const std::stop_token& stop);

}  // namespace eai::library
