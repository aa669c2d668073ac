// Why: a model's hash is the CID of a JSON document, which says what the model consists of and what it is for.
// Thread: any; these are pure functions.
// What holds: the caller has already checked the bytes against the CID before parse_metadata() gets them, but every
// field is still somebody's input. Names in a Metadata are plain: they contain no '/', '\', quote, NUL or other control
// character, and are not "." or "..". Only the file names of image models in Format::unixfs may be paths of several
// plain names.
// Source: the container of the original Python tool (docs/formats.md), and our additions after its fields.
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
// Chat and embedding models are one GGUF file, perhaps with a projector beside it; image models are several files.
bool is_text(Task task);

enum class Format {
  archive,  // tar → gzip → parts, which are joined in the order of `files`
  unixfs,   // each file is a UnixFS DAG of its own
};

// How Format::unixfs cuts files into leaves. Every UnixFS reader reads both.
enum class Layout { fixed, tensor };

struct PartEntry {
  ipld::Cid cid;
  // archive: the name of the part. unixfs: the name of the model's file below the folder ("<folder>",
  // "<folder>-00001-of-00003.gguf", "<folder>-projector", "text_encoder/model.safetensors").
  std::string file_name;
  ipld::Sha256 sha256{};   // of the part's or file's bytes
  std::uint64_t size = 0;  // bytes; archive: from size_mb; 0 only if sha256 is the hash of nothing
  // False if size_mb is not a whole number of bytes because the writer rounded it. Then size is the nearest whole
  // number, and only sha256 shows how long the part is.
  bool size_is_exact = true;
};

struct Metadata {
  std::string folder_name;
  Format format = Format::archive;
  Layout layout = Layout::fixed;  // unixfs only
  Task task = Task::chat;
  std::optional<double> ram_gb;  // as the uploader states it, for a context of 32768
  std::string hf_repo, hf_file, config_name;
  bool lora = false;
  std::optional<ipld::Cid> base_model;  // the base of a LoRA, if the metadata itself names it
  std::uint64_t chunk_size = 0;         // bytes; archive only, and only a hint: 0 if the document does not say it well
  // Sorted by the bytes of file_name, which for an archive is the order of its parts (GNU split: … yz, zaaa …). Never
  // empty.
  std::vector<PartEntry> files;
  // unixfs only: a CARv1 with the inner blocks of all files. It saves a reader one request for each of them, and no reader
  // needs it: a field that makes no sense is as if it were absent. Its name is k_tree_car_name.
  std::optional<PartEntry> tree_car;
  std::uint64_t total_size() const;  // of `files`
};

inline constexpr std::string_view k_tree_car_name = "trees.car";
inline constexpr std::uint64_t k_tree_car_limit = 256 * k_mib;  // bytes; a model of 5 TB needs as many

// Code::invalid names the field and says what is wrong with it; Code::unsupported for a format that this version does
// not know. Unknown fields are ignored.
inline constexpr std::uint64_t k_metadata_limit = k_mib;
Result<Metadata> parse_metadata(ByteView json);

// The document that parse_metadata() reads: first what the Python tool writes, in its order and with null for what was
// not given, then our additions. The same Metadata gives the same bytes.
std::string write_metadata(const Metadata& metadata);

// The endings that split(1) gives to the names of parts, in order: aa … yz, zaaa … zyzz, zzaaaa …
std::string split_suffix(std::size_t index);

// Checks that one component of a path can be a file name anywhere: it is not empty, "." or "..", and has at most 200
// bytes of valid UTF-8 without '/', '\', quotes or control characters. Code::invalid says what is wrong with it.
Result<void> check_plain_name(std::string_view name);

// "<folder>-projector": the name of a text model's projector. The model's own file is called "<folder>", or, if it
// consists of several files, "<folder>-00001-of-00003.gguf" and so on (Format::unixfs only).
std::string projector_name(std::string_view folder_name);

// Whether a model of this task may have a file of this name, relative to its folder: a text model "<folder>" and
// "<folder>-projector", an image model every path of plain names.
bool is_model_file(std::string_view folder_name, Task task, std::string_view path);

// Whether it is the name of a piece of this model, as above.
bool is_piece_of(std::string_view folder_name, std::string_view name);

}  // namespace eai::model
