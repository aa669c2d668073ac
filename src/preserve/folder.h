// Why: this finds out which files of a folder are the model before a single byte of it is sent.
// Thread: any; it blocks on disk I/O, but reads only headers.
// Rules: the headers say which GGUF is the model, or a piece of it, and which one is its projector (understand.h).
// Whatever they are called, they get the names that a model's files have (model/metadata.h). An image model consists of
// all files of the folder. Hidden files and all others are listed and not sent. Names and links: listing.h.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/metadata.h"
#include "preserve/source_files.h"

namespace eai::preserve {

struct Note {
  std::string text;
  Hint hint = Hint::none;
};

struct Folder {
  std::string name;
  fs::path path;  // absolute
  model::Task task = model::Task::chat;
  std::optional<double> ram_gb;
  SourceFiles files;  // the model, or its pieces in order, then the projector; of an image model all files, by name
  std::size_t pieces = 1;                             // files that the model itself consists of; of an image model 1
  std::vector<std::optional<model::GgufInfo>> ggufs;  // of files; nothing for a file that is not a GGUF
  std::vector<Note> notes;                            // for people: what is not sent, what was guessed
  std::uint64_t size() const;
  void note(std::string text, Hint hint = Hint::none) { notes.push_back({std::move(text), hint}); }
};

// What the user said about it; whatever is not given is taken from the headers.
struct Said {
  std::optional<model::Task> task;
  std::optional<double> ram_gb;
  std::string config_name;
  bool lora = false;
  std::optional<std::string> name = {};
};
// Code::not_found: there is no such folder. Code::invalid: the message says what is missing or wrong, and how to put it
// right.
Result<Folder> open_folder(const fs::path& path, const Said& said);

// The same for GGUF files of one model, wherever they lie, with nothing else beside them. Of a piece, the others that lie
// beside it belong to it. The model is called as its first file is, or, where files have no name of their own, as its
// header says. Code::invalid as above; about "name" if another name is needed.
enum class FileNames { theirs, none };
Result<Folder> open_files(const std::vector<fs::path>& files, FileNames names, const Said& said);

// The header of a file that is a GGUF by its first bytes. Nothing for any other file, or an error with Header::needed.
enum class Header { if_gguf, needed };
Result<std::optional<model::GgufInfo>> read_header(const SourceFile& file, Header header);

// Gigabytes (10^9) that a model takes with a context of 32768 tokens, or of what it was trained for if that is less:
// weights, keys and values of 16 bits, and working memory.
double estimate_ram_gb(const model::GgufInfo& model, std::uint64_t file_bytes);

}  // namespace eai::preserve
