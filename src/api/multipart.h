// Why: forms with files, as the image endpoints take them.
// Thread: any; pure function.
// What holds: the parts are views into the body; only names are copied.
// Source: RFC 7578 (multipart/form-data), RFC 2046 §5.1.1 (boundaries).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "util/result.h"

namespace eai::api {

struct FormPart {
  std::string name;       // of the field
  std::string file_name;  // empty for plain fields; never used as a path
  std::string_view content;
};

inline constexpr std::size_t k_form_part_limit = 128;

// `content_type` is the value of that header. Code::invalid says what is wrong with the form.
Result<std::vector<FormPart>> parse_form(std::string_view content_type, std::string_view body);

}  // namespace eai::api
