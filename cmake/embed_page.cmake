# cmake -D FROM=<folder> -D PLAIN=<file> -D TO=<file.cc> -P embed_page.cmake
#
# Writes the table of src/page/files.h. FROM is what web/pack.mjs has made: `list`, with a line for each file (name, media
# type, beginning of the SHA-256, size, file in the folder), and the files, packed. Without it, PLAIN is the only file.
cmake_minimum_required(VERSION 3.25)

# A file as the elements of an array of bytes.
function(bytes_of file to)
  file(READ ${file} bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes
    "${bytes}")
  set(${to} "${bytes}" PARENT_SCOPE)
endfunction()

set(arrays)
set(rows)
set(count 0)
macro(add_file name type mark size coding file)
  bytes_of(${file} bytes)
  string(APPEND arrays "constexpr unsigned char k_file_${count}[] = {\n${bytes}};\n")
  string(APPEND rows
    "    {\"${name}\", \"${type}\", \"${mark}\", bytes_of(k_file_${count}), ${size}, Coding::${coding}},\n")
  math(EXPR count "${count} + 1")
endmacro()

if(EXISTS ${FROM}/list)
  file(STRINGS ${FROM}/list lines)
  foreach(line IN LISTS lines)
    string(REPLACE "|" ";" parts "${line}")
    list(GET parts 0 name)
    list(GET parts 1 type)
    string(REPLACE " charset" "; charset" type "${type}")
    list(GET parts 2 mark)
    list(GET parts 3 size)
    list(GET parts 4 file)
    if(name STREQUAL "-")
      set(name "")
    endif()
    add_file("${name}" "${type}" "${mark}" ${size} gzip ${FROM}/${file})
  endforeach()
else()
  file(SHA256 ${PLAIN} mark)
  string(SUBSTRING ${mark} 0 32 mark)
  file(SIZE ${PLAIN} size)
  add_file("" "text/html; charset=utf-8" ${mark} ${size} none ${PLAIN})
endif()

file(WRITE ${TO} "// Made by cmake/embed_page.cmake.
#include \"page/files.h\"

namespace eai::page {
namespace {

${arrays}
template <std::size_t N>
std::string_view bytes_of(const unsigned char (&bytes)[N]) {
  return {reinterpret_cast<const char*>(bytes), N};
}

}  // namespace

std::span<const File> files() {
  static const File k_files[] = {
${rows}  };
  return k_files;
}

}  // namespace eai::page
")
