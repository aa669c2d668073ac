#include "cli/image_files.h"

#include <algorithm>
#include <cctype>
#include <cerrno>

#include <unistd.h>

#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::size_t k_name_limit = 60;
constexpr int k_most_numbers = 100'000;

bool is_there(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(fs::symlink_status(path, ignored));
}

std::string ending_of(const std::string& format) { return format == "jpeg" ? ".jpg" : "." + format; }

fs::path numbered(const fs::path& file, std::size_t number) {
  fs::path out = file;
  out.replace_filename(file.stem().string() + "-" + std::to_string(number) + file.extension().string());
  return out;
}

// Before anything is drawn, not after.
Result<void> check_writable(const fs::path& folder) {
  if (::access(folder.c_str(), W_OK) == 0) return {};
  return fail_errno("writing to the folder " + printable(folder.string()), errno);
}

std::vector<fs::path> names_of(const fs::path& first, std::size_t count) {
  if (count == 1) return {first};
  std::vector<fs::path> out;
  for (std::size_t i = 1; i <= count; ++i) out.push_back(numbered(first, i));
  return out;
}

}  // namespace

std::string name_from_prompt(std::string_view prompt) {
  std::string out;
  for (const char c : prompt) {
    const auto letter = static_cast<unsigned char>(c);
    if (out.size() >= k_name_limit) break;
    if (std::isalnum(letter) != 0)
      out += static_cast<char>(std::tolower(letter));
    else if (!out.empty() && out.back() != '-')
      out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out.empty() ? "picture" : out;
}

Result<std::string> format_of_name(const fs::path& file) {
  const std::string ending = lower(file.extension().native());
  if (ending.empty()) return std::string();
  if (ending == ".png" || ending == ".webp" || ending == ".jpeg") return ending.substr(1);
  if (ending == ".jpg") return std::string("jpeg");
  return fail(Code::invalid, "pictures can be .png, .jpg or .webp, not " + printable(ending, 20) +
                                 "; to use another extension, name the format with --format");
}

Result<std::vector<fs::path>> picture_names(const std::string& wanted, std::string_view prompt,
                                            const std::string& format, std::size_t count, Replace replace) {
  if (!wanted.empty()) {
    const fs::path file = wanted;
    std::error_code ignored;
    if (fs::is_directory(file, ignored) || !file.has_filename())
      return fail(Code::invalid, printable(wanted) + " is a folder; name a file with -o");
    const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (!fs::is_directory(folder, ignored))
      return fail(Code::not_found, "there is no folder " + printable(folder.string()) + " to write the picture to");
    EAI_CHECK(check_writable(folder));
    std::vector<fs::path> out = names_of(file, count);
    for (const fs::path& path : out)
      if (replace == Replace::no && is_there(path))
        return fail(Code::invalid, printable(path.string()) + " already exists; use --force to replace it");
    return out;
  }
  EAI_CHECK(check_writable("."));
  const std::string name = name_from_prompt(prompt);
  for (int number = 1; number < k_most_numbers; ++number) {
    const fs::path first = name + (number == 1 ? "" : "-" + std::to_string(number)) + ending_of(format);
    std::vector<fs::path> out = names_of(first, count);
    if (std::none_of(out.begin(), out.end(), is_there)) return out;
  }
  return fail(Code::invalid, "there are too many pictures called " + name + " here; name a file with -o");
}

}  // namespace eai::cli
