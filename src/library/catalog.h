// Why: people type names such as `qwen3-1.7b`, not hashes, and want to know something of a model before it is
// downloaded.
// Thread: any; plain values.
// What holds: the catalog gives a name and an estimate of the sizes. It is never trusted: the hash alone proves what
// runs.
// Built in are the models that were preserved with the original tool and the demo models shipped with the program. The
// file catalog.toml in the configuration folder adds models, or replaces those of the same name:
//   [models.my-model]
//   hash = "bafkrei…"            required
//   task = "chat"                chat, embed, image-generation, image-edit
//   size_gb = 1.83
//   ram_gb = 5.71
//   family = "qwen3"             whose default sampling is used
// It may also give further names to models:
//   [aliases]
//   assistant = "bafkrei…"       a hash, or a name of the catalog
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "ipld/cid.h"
#include "model/metadata.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::library {

struct CatalogEntry {
  std::string name;
  ipld::Cid id;
  model::Task task = model::Task::chat;
  double size_gb = 0;            // of the download; 0: not known
  double ram_gb = 0;             // at 32768 tokens of context; 0: not known
  std::string family = {};       // empty: none
  bool shipped = false;          // its blocks came with the program
  bool task_is_guessed = false;  // catalog.toml does not say it
};

// A further name for a model; it beats every other name.
struct Alias {
  std::string name;
  ipld::Cid id;
};

class Catalog {
 public:
  // The file may be missing. Errors name file and line. `blocks` is the folder of what is shipped, with files named by
  // CID; a model in it that has no row goes by its own name.
  static Result<Catalog> load(const fs::path& file, const fs::path& blocks = {});

  const std::vector<CatalogEntry>& entries() const { return entries_; }
  const CatalogEntry* by_name(std::string_view name) const;  // upper and lower case are the same
  const CatalogEntry* by_id(const ipld::Cid& id) const;
  const std::vector<Alias>& aliases() const { return aliases_; }
  const Alias* alias(std::string_view name) const;  // upper and lower case are the same
  std::vector<std::string> names() const;           // with those of aliases

 private:
  std::vector<CatalogEntry> entries_;
  std::vector<Alias> aliases_;
};

// Arguments for llama-server that set the sampling for requests that do not set it; empty if the family is not known.
// `folder_name` tells the family of a model that is not in the catalog: "qwen3-1.7b-q8" belongs to qwen3.
std::vector<std::string> sampling_arguments(std::string_view family);
std::string family_of(std::string_view folder_name);

}  // namespace eai::library
