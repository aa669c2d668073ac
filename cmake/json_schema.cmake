# docs/json.schema.json is a part of the program, as text: --json=… and the completion know the fields from it.
set(schema ${CMAKE_SOURCE_DIR}/docs/json.schema.json)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${schema})
file(READ ${schema} text)
string(REGEX REPLACE "([^\n]*)\n" "    R\"~(\\1)~\",\n" text "${text}")
file(CONFIGURE OUTPUT ${CMAKE_BINARY_DIR}/generated/json_schema_text.cc @ONLY NEWLINE_STYLE UNIX CONTENT
"#include \"cli/json_schema.h\"

namespace eai::cli {

const std::vector<std::string_view>& json_schema_lines() {
  static const std::vector<std::string_view> lines = {
@text@  };
  return lines;
}

}  // namespace eai::cli
")
target_sources(eai_cli PRIVATE ${CMAKE_BINARY_DIR}/generated/json_schema_text.cc)
