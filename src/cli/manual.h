// Why: `man eai-model-run` says the same as `eai model run --help`, because both are made from the same tables.
// Thread: one.
#pragma once

#include <string>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

struct ManualPage {
  std::string file;       // "man1/eai-model-run.1"
  std::string text;       // roff with the macros of man(7)
  std::string link = {};  // instead of a text: the page beside it that says it
};

// One for eai, for each command and each topic; of a short word such as `eai ls`, one that is a link to the command's.
std::vector<ManualPage> manual_pages();

// `eai __manual <folder>`, with which the build writes them below the folder, which has none yet.
Result<void> write_manual(const fs::path& folder);

}  // namespace eai::cli
