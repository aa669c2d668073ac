// Why: folders that people have hold links (the cache of Hugging Face consists of them), and every command must treat
// them by one rule.
// Thread: any; it blocks on the disk.
// Rule: a link stands for the regular file that it leads to, through however many links and wherever that file lies. A
// link that leads nowhere, back to itself, to a folder, to a device or to a pipe is refused.
#pragma once

#include <ctime>

#include "util/file.h"
#include "util/result.h"

struct stat;

namespace eai {

enum class EntryKind { file, folder };

// What lies there, by the rule. Code::invalid says what is wrong with it; nothing is opened.
Result<EntryKind> entry_kind(const fs::path& path);

// When the file was last written to.
timespec modified_of(const struct stat& info);

}  // namespace eai
