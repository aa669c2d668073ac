// Why: services take a file as a form with one field.
// Thread: any; these are pure functions.
// Source: RFC 7578 (multipart/form-data).
#pragma once

#include <string>

#include "preserve/body.h"

namespace eai::preserve {

// The form, and the header that goes with it. A '/' in the file's name becomes '-', because services take it for a
// folder.
struct Multipart {
  Body body;
  std::pair<std::string, std::string> header;
};
Multipart multipart_file(const std::string& file_name, const Body& content);

// Every byte but letters, digits and "-._~" as %XX.
std::string url_escaped(std::string_view text);

}  // namespace eai::preserve
