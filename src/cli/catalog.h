// Why: names for hashes, so that people type `qwen3-1.7b`; and what is known of a model before its first byte is here.
// Thread: any; plain values.
// What holds: the catalog gives a name and a guess of sizes, never trust: what runs is proven by the hash alone.
// Built in: the models that were preserved with the original tool, and the demo models shipped with the program. The
// file catalog.toml in the configuration folder adds to them or replaces one of the same name:
//   [models.my-model]
//   hash = "bafkrei…"            required
//   task = "chat"                chat, embed, image-generation, image-edit
//   size_gb = 1.83
//   ram_gb = 5.71
//   family = "qwen3"             whose default sampling is used
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipld/cid.h"
#include "model/metadata.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct CatalogEntry {
  std::string name;
  ipld::Cid id;
  model::Task task = model::Task::chat;
  double size_gb = 0;       // of the download; 0: not known
  double ram_gb = 0;        // at 32768 tokens of context; 0: not known
  std::string family = {};  // empty: none
  bool shipped = false;     // its blocks came with the program
};

class Catalog {
 public:
  // The file may be missing. Errors name file and line. `blocks`: the folder of what is shipped, files named by CID; models
  // that are in it and have no row yet go by their own names.
  static Result<Catalog> load(const fs::path& file, const fs::path& blocks = {});

  const std::vector<CatalogEntry>& entries() const { return entries_; }
  const CatalogEntry* by_name(std::string_view name) const;  // letters of either case
  const CatalogEntry* by_id(const ipld::Cid& id) const;
  std::vector<std::string> names() const;

 private:
  std::vector<CatalogEntry> entries_;
};

// Arguments for llama-server that set the sampling used where a request is silent; empty if the family is not known.
// `folder_name` helps for a model that is in no catalog: "qwen3-1.7b-q8" is of the family qwen3.
std::vector<std::string> sampling_arguments(std::string_view family);
std::string family_of(std::string_view folder_name);

}  // namespace eai::cli
