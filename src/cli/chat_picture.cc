#include "cli/chat_picture.h"

#include <array>

#include "util/base64.h"
#include "util/file.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::uint64_t k_picture_limit = 20 * k_mib;  // as the server has it

// "image/png", by the first bytes; empty: none that is known.
std::string_view type_of(std::string_view bytes) {
  if (bytes.starts_with("\x89PNG\r\n")) return "image/png";
  if (bytes.starts_with("\xff\xd8\xff")) return "image/jpeg";
  if (bytes.starts_with("GIF8")) return "image/gif";
  if (bytes.starts_with("BM")) return "image/bmp";
  if (bytes.starts_with("RIFF") && bytes.substr(0, 12).ends_with("WEBP")) return "image/webp";
  return {};
}

}  // namespace

bool names_picture(std::string_view file) {
  constexpr std::array<std::string_view, 6> k_endings = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"};
  const std::string name = lower(file);
  for (const std::string_view ending : k_endings)
    if (name.ends_with(ending)) return true;
  return false;
}

Result<ChatPicture> load_picture(const std::string& file) {
  EAI_TRY(const Bytes bytes, read_file(file, k_picture_limit));
  const std::string_view type = type_of(text_of(bytes));
  if (type.empty()) return fail(Code::invalid, printable(file) + " is not a picture (png, jpeg, webp, gif, bmp)");
  return ChatPicture{fs::path(file).filename().string(),
                     "data:" + std::string(type) + ";base64," + to_base64(text_of(bytes))};
}

}  // namespace eai::cli
