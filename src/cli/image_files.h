// Why: the names under which drawn pictures are kept, decided before anything is drawn.
// Thread: one; looks at the disk.
#pragma once

#include <string>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::cli {

// "a red circle on white!" → "a-red-circle-on-white"; at most 60 letters; "picture" where nothing is left.
std::string name_from_prompt(std::string_view prompt);

// The format that a file's ending names: png, jpeg (jpg) or webp; empty for no ending. Code::invalid: another one.
Result<std::string> format_of_name(const fs::path& file);

enum class Replace { no, yes };

// `count` names for pictures. `wanted` as the user gave it: a file that is there is refused unless Replace::yes
// (Code::invalid); for several pictures a number goes before the ending. Without it: from the prompt, with a number that
// makes it a new name.
Result<std::vector<fs::path>> picture_names(const std::string& wanted, std::string_view prompt,
                                            const std::string& format, std::size_t count, Replace replace);

}  // namespace eai::cli
