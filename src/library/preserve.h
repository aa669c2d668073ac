// Why: a folder becomes a hash that anybody can ask for; its bytes lie at homes of the user's choice, and in the store
// here.
// Thread: the job's. Blocks on network and disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "library/job.h"
#include "preserve/preserve.h"
#include "util/folders.h"

namespace eai::library {

struct PreserveRequest {
  fs::path folder;
  preserve::Said said;
  preserve::Options options;            // format, work_folder and known are filled in here
  std::optional<model::Format> format;  // none: archive, or unixfs for a model in pieces, which an archive cannot hold
  std::vector<std::string> homes;       // none: Lighthouse; with a dry run none at all
  preserve::HomeSettings home;          // keys, addresses and tries; the rest is filled in here
  bool offline = false;                 // no connection is opened: only CAR files can be homes
  bool keep_here = true;                // the model comes into the store too
  std::optional<fs::path> copies_in;    // the folder where a copy of the metadata is left
};

struct Preserved {
  preserve::Outcome outcome;
  // The model is at its homes. What was to be left on this machine besides is not all here, for these reasons.
  std::vector<Error> warnings;
  bool stopped = false;  // while it was taken into the store
};

// Errors as those of preserve::open_folder(), make_homes() and preserve(). The same call goes on where an earlier one
// ended; a dry run sends nothing and writes nothing but block lists.
Result<Preserved> preserve_folder(const PreserveRequest& request, const Folders& folders, Feed& feed,
                                  const std::stop_token& stop);

// The journal goes when nothing is left to go on with. To be called when the hash has been told: a run that is killed
// before is gone on with, not begun anew.
Result<void> end_journal(const Preserved& preserved);

}  // namespace eai::library
