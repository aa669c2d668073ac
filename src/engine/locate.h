// Why: which program runs a model: the user's own, or the one built with this program.
// Thread: any; looks at the disk.
#pragma once

#include <string>
#include <string_view>

#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct EngineSearch {
  std::string program;      // "llama-server"
  std::string given;        // EAI_LLAMA_SERVER or the configuration's value; empty: none
  std::string given_by;     // for the error message: "EAI_LLAMA_SERVER"
  fs::path own_folder;      // <prefix>/libexec/eai
  std::string search_path;  // PATH
};

// The given one, else the own one, else the first on the path; absolute. A given one that cannot be executed is an error,
// never passed over. Code::unsupported: there is none; the message says how to get one.
Result<fs::path> locate_engine(const EngineSearch& search);

}  // namespace eai::engine
