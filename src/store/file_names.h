// Why: every file of a home has its name from here, so that the room that writes a file and the one that reads or
// removes it cannot disagree.
// Thread: any; these are pure functions that touch no disk.
// What holds: paths are made from decoded CIDs, fixed names and checked payload names, never from foreign bytes as they
// are. This is the layout of a home:
//   models/<cid>/metadata.json   exactly the bytes whose hash is <cid>
//   models/<cid>/manifest.json   size and SHA-256 of every file beside it, and where they came from (manifest.h)
//   models/<cid>/model.gguf, or model-00001-of-00003.gguf and so on for a model in pieces; projector.gguf; or payload/…
//                                for an image model
//   models/<cid>/trees/<n>.car   the inner blocks of the metadata's n-th file (trees.h)
//   models/<cid>/trees/leaves    instead, the leaf hashes of the files of a model that has no trees (own_leaves.h)
//   partial/<cid>/…              a download in progress, under the same names; "commit" in it belongs to the store, and
//                                everything else to its downloader
//   trash/…                      what is being removed; never read
//   locks/<cid>.lock             held by the process that works on the model
//   preserve/…                   journals of preserving, and in blocks/ the blocks of known models that have no trees
//   measured.json                the peak of memory that was seen of each model
//   sources.json                 for a day, how fast each source was and which gateways lied (peers/source_memory.h);
//                                locks/sources.lock is held while it is replaced
//   fits.json                    how models fit the GPUs and workers, as their engines have found
//   jobs.json                    the jobs of the server, for the next one to go on with (admin/jobs_file.h)
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "ipld/cid.h"
#include "model/metadata.h"
#include "util/file.h"

namespace eai::store {

// In the folder of a model.
inline constexpr std::string_view k_metadata_file = "metadata.json";
inline constexpr std::string_view k_manifest_file = "manifest.json";
inline constexpr std::string_view k_model_file = "model.gguf";
inline constexpr std::string_view k_projector_file = "projector.gguf";
inline constexpr std::string_view k_payload_folder = "payload";
inline constexpr std::string_view k_trees_folder = "trees";
inline constexpr std::string_view k_leaves_file = "trees/leaves";

// The name in the store of the file that a model's archive or folder calls `file`: "model.gguf" (in pieces
// "model-00001-of-00003.gguf", since llama.cpp finds the others by such names) and "projector.gguf" for the files that a
// text model may have, and a name in "payload/" for everything else.
std::string stored_name(std::string_view folder_name, model::Task task, std::string_view file);
std::string payload_name(std::string_view file);

// Whether a file of this name in the store has to be a GGUF: "model.gguf", a piece of it, or "projector.gguf".
bool is_gguf_name(std::string_view name);

// Whether it is the name of the file that an engine is given: "model.gguf" or its first piece.
bool is_first_name(std::string_view name);

// What stored_name() may give: the GGUFs, or "payload/" and plain components, of which none is empty, "." or "..",
// has a control character, backslash or quote, or is longer than 255 bytes.
bool is_allowed_name(std::string_view name);

// The tree of the metadata's file with this number, counted from 0: "trees/0.car".
std::string tree_name(std::size_t file);
bool is_tree_name(std::string_view name);

// The places in one home.
struct HomePaths {
  fs::path home;

  fs::path models() const { return home / "models"; }
  fs::path partials() const { return home / "partial"; }
  fs::path trash() const { return home / "trash"; }
  fs::path locks() const { return home / "locks"; }
  fs::path model(const ipld::Cid& id) const { return models() / id.str(); }
  fs::path partial(const ipld::Cid& id) const { return partials() / id.str(); }
  fs::path lock(const ipld::Cid& id) const { return locks() / (id.str() + ".lock"); }

  fs::path preserve() const { return home / "preserve"; }
  fs::path block_lists() const { return preserve() / "blocks"; }
  // The blocks that the model was preserved with here, or those that the format unixfs would cut it into.
  fs::path block_list(const ipld::Cid& id, std::optional<model::Layout> cut = std::nullopt) const;
  std::array<fs::path, 3> block_lists_of(const ipld::Cid& id) const;

  fs::path measured() const { return home / "measured.json"; }
  fs::path sources() const { return home / "sources.json"; }
  fs::path sources_lock() const { return locks() / "sources.lock"; }
  fs::path fits() const { return home / "fits.json"; }
  fs::path jobs() const { return home / "jobs.json"; }
};

}  // namespace eai::store
