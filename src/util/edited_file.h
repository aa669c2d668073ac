// Why: a file that its owner writes by hand is edited for them. What they wrote must not be lost, and a file that eai
// could not read afterwards must not be left behind.
// Thread: any; the calls read and write the file.
// What holds: a link stays a link, and the file keeps its mode, which `usable` may still change. A new file is readable for its owner only.
#pragma once

#include <functional>
#include <string>

#include "util/file.h"
#include "util/result.h"

namespace eai {

// Empty if there is no such file. At most 1 MiB.
Result<std::string> read_edited(const fs::path& file);

// `usable` gets the path of a copy with the new text, in a folder of its own, and says why it will not do. Then nothing
// is changed, and the error names the file instead of the copy.
using Usable = std::function<Result<void>(const fs::path& copy)>;
Result<void> write_edited(const fs::path& file, const std::string& text, const Usable& usable);

}  // namespace eai
