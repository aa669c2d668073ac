// Why: the files of the page as the build has packed them (cmake/embed_page.cmake writes the table), or one plain page
// if it was built without Node.js.
// Thread: any; constants.
// What holds: the first file is what "/" gives. Names have no "/".
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace eai::page {

enum class Coding : std::uint8_t { none, gzip };

struct File {
  std::string_view name;   // "page.js"; empty: the page itself
  std::string_view type;   // media type
  std::string_view mark;   // of the content: the beginning of its SHA-256
  std::string_view bytes;  // in its coding
  std::uint64_t size = 0;  // without the coding
  Coding coding = Coding::none;
};

std::span<const File> files();

}  // namespace eai::page
