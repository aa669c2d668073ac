// Why: people name a folder in many ways ("nice", "./nice/", ".", a link, a folder of Hugging Face's cache). What the
// model is called and which files it has must not depend on that by accident.
// Thread: any; it blocks on disk I/O and opens no files.
// Rules: the folder is called what was typed, even if that is a link; "." and ".." stand for the name of the folder
// itself. A folder of the Hugging Face cache ("models--<org>--<repo>", or a snapshot in it) is called "<repo>". For
// links inside it, see util/folder_entry.h.
#pragma once

#include <string>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::preserve {

struct Listing {
  std::string name;
  fs::path path;                    // absolute, without links
  std::vector<std::string> names;   // of files below the folder, sorted
  std::vector<std::string> hidden;  // files and folders that begin with a dot
};

// Code::not_found: there is no such folder. Code::invalid: the message says what is wrong, and how to put it right.
Result<Listing> list_folder(const fs::path& typed);

}  // namespace eai::preserve
