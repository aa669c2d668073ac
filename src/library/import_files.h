// Why: a GGUF file that somebody has gets a hash, and is a model of the store like any other, although it was never sent
// anywhere.
// Thread: the job's. Blocks on the disk.
// What holds: the hash is the one that preserving in the format unixfs gives. The files are read once and stay where they
// are; the store's are the same files under a second name, or share their blocks, and are copied only if that is allowed.
// Before the model is in the store, nothing of it is.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "library/job.h"
#include "library/library.h"
#include "preserve/preserve.h"
#include "store/clone_file.h"

namespace eai::library {

struct FilesRequest {
  std::vector<fs::path> files;  // of one model; or one folder that holds them
  preserve::FileNames names = preserve::FileNames::theirs;
  preserve::Said said = {};
  preserve::Options options = {};  // what it says about archives and homes is not used
  store::Copying copying = store::Copying::refused;
};

struct Imported {
  store::Model model;
  std::optional<store::CloneWay> way;  // nothing: it was here already
};

// Errors as those of preserve::open_files() and open_folder(); Code::invalid, about "name": another model here, or one of
// the catalog, has this name; Code::unsupported, about "copying": a copy is needed and refused; Code::busy: a file changed
// while it was read; Code::cancelled.
Result<Imported> import_files(Library& library, const FilesRequest& request, Feed& feed, const std::stop_token& stop);

// Whether a path is to be imported as files of a model, and not as blocks: a GGUF, or what its name says is one, or a
// folder with such a file or, for an image model, any folder; in which there are no blocks of models.
bool holds_files(const fs::path& path, const std::optional<model::Task>& task);

}  // namespace eai::library
