// Why: what --json prints is written down once, in docs/json.schema.json, which tests hold against what is printed. The
// program carries it, to know which fields --json=… may name.
// Thread: any.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "cli/picked_fields.h"

namespace eai::cli {

const std::vector<std::string_view>& json_schema_lines();  // of the file

// What --json=… can name for this command, and the lists, if those are fields of a list's items. Both are empty if the
// schema does not know the command.
Pick json_fields(const Command& command);

// `text` is what stands behind "--json=": "name,hash". Code::invalid: it names nothing, or a field that the command does not
// have; the message lists those that it has.
Result<Pick> pick_of(const Command& command, std::string_view text);

}  // namespace eai::cli
