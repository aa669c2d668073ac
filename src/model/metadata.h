// Why: the JSON document whose CID is a model's hash: which pieces make the model, and what the model is for.
// Thread: any; pure functions.
// Source: the container of the original Python tool (docs/formats.md), and our additions behind its fields.
// What holds: parse_metadata is given bytes whose hash the caller has already checked against the CID; every field is
// still somebody's input. Names in a Metadata are plain: no '/', '\', quote, NUL or other control character, not "." or
// ".."; only Format::unixfs file names of image models may be paths of several plain names.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ipld/cid.h"
#include "ipld/hash.h"
#include "util/result.h"

namespace eai::model {

enum class Task { chat, embed, image_generation, image_edit };
std::string_view name_of(Task task);  // "chat", "embed", "image-generation", "image-edit"
Result<Task> parse_task(std::string_view text);

enum class Format {
  archive,  // tar → gzip → parts, concatenated in the order of `files`
  unixfs,   // each file a UnixFS DAG of its own
};

// How Format::unixfs cut the files into leaves. Any UnixFS reader reads both.
enum class Layout { fixed, tensor };

struct PartEntry {
  ipld::Cid cid;
  // archive: the part's name. unixfs: the model file's name below the folder ("<folder>",
  // "<folder>-projector", "text_encoder/model.safetensors").
  std::string file_name;
  ipld::Sha256 sha256{};   // of the part's or file's bytes
  std::uint64_t size = 0;  // bytes; archive: from size_mb
  // False where size_mb is no whole number of bytes, so that the writer must have rounded it: then size is
  // the nearest whole number, and only sha256 says how long the part is.
  bool size_is_exact = true;
};

struct Metadata {
  std::string folder_name;
  Format format = Format::archive;
  Layout layout = Layout::fixed;  // unixfs only
  Task task = Task::chat;
  std::optional<double> ram_gb;  // as the uploader stated it, at 32768 context
  std::string hf_repo, hf_file, config_name;
  bool lora = false;
  std::optional<ipld::Cid> base_model;  // a LoRA's base, where the metadata itself names it
  std::uint64_t chunk_size = 0;         // bytes; archive only
  // Sorted by file_name, bytewise: for an archive the order of its parts (GNU split: … yz, zaaa …). Never empty.
  std::vector<PartEntry> files;
  std::uint64_t total_size() const;
};

// Code::invalid names the field and what is wrong with it; Code::unsupported for a format that this version
// does not know. Fields that it does not know are ignored.
inline constexpr std::uint64_t k_metadata_limit = k_mib;
Result<Metadata> parse_metadata(ByteView json);

// The document that parse_metadata() reads: first what the Python tool writes, in its order (null for what was not
// given), then our additions. The same Metadata gives the same bytes.
std::string write_metadata(const Metadata& metadata);

// The name endings of parts that split(1) gives, in order: aa … yz, zaaa … zyzz, zzaaaa …
std::string split_suffix(std::size_t index);

// One component of a path, fit to be a file name anywhere: not empty, ".", "..", at most 200 bytes of valid
// UTF-8 without '/', '\', quotes or control characters. Code::invalid says what is wrong with it.
Result<void> check_plain_name(std::string_view name);

// Whether a model of this task holds a file of this name (relative to its folder): chat and embed "<folder>" and
// "<folder>-projector", image tasks every path of plain names.
bool is_model_file(std::string_view folder_name, Task task, std::string_view path);

}  // namespace eai::model
