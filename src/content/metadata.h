// Why: the JSON document whose CID is a model's hash: which pieces make the model, and what the model is for.
// Thread: any; pure functions.
// Source: the container of the original Python tool (docs/formats.md), and our additions behind its fields.
// What holds: parse_metadata accepts only bytes whose hash the caller has already checked against the CID; every field
// is still somebody's input. File names in a Metadata are plain names (no '/', '..', NUL, quote, control character).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "content/cid.h"
#include "content/hash.h"
#include "util/result.h"

namespace eai::content {

enum class Task { chat, embed, image_generation, image_edit };
std::string_view name_of(Task task);  // "chat", "embed", "image-generation", "image-edit"
Result<Task> parse_task(std::string_view text);

enum class Format {
  archive,  // tar → gzip → parts, concatenated in the order of `files`
  unixfs,   // each file a UnixFS DAG of its own
};

struct PartEntry {
  Cid cid;
  std::string file_name;
  Sha256 sha256;       // of the part's bytes
  std::uint64_t size;  // bytes; archive: from size_mb, exact when the writer did not round (see size_is_exact)
  bool size_is_exact = false;
};

struct Metadata {
  std::string folder_name;
  Format format = Format::archive;
  Task task = Task::chat;
  std::optional<double> ram_gb;  // as the uploader stated it, at 32768 context
  std::string hf_repo, hf_file, config_name;
  bool lora = false;
  std::uint64_t chunk_size = 0;  // bytes
  std::vector<PartEntry> files;  // sorted by file_name (GNU split order: … yz, zaaa …)
  std::uint64_t total_size() const;
};

// The limit is 1 MiB. Code::invalid names the field and what is wrong with it.
inline constexpr std::uint64_t k_metadata_limit = k_mib;
Result<Metadata> parse_metadata(ByteView json);

}  // namespace eai::content
