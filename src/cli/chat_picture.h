// Why: a picture from a file becomes part of a question.
// Thread: any; blocks on the disk for a moment.
#pragma once

#include <string>
#include <string_view>

#include "cli/chat_session.h"

namespace eai::cli {

// Whether the name ends as those of pictures do that a model may see: png, jpg, jpeg, webp, gif, bmp.
bool names_picture(std::string_view file);

// Code::not_found: there is no such file; Code::invalid: it is none of the formats above, by its first bytes, or larger
// than 20 MiB.
Result<ChatPicture> load_picture(const std::string& file);

}  // namespace eai::cli
