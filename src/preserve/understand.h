// Why: people's folders hold models under any name, with projectors, adapters and pieces beside them. The headers say
// what each file is for.
// Thread: any; these are pure functions.
// What holds: a file's name decides nothing, except which pieces belong together if two models have equally many. An
// error names the files and says what to type.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "model/gguf.h"
#include "model/metadata.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::preserve {

struct HeldGguf {
  std::string name;  // below the folder
  model::GgufInfo info;
};

// Places in the list of GGUFs.
struct Understood {
  std::vector<std::size_t> model;  // one file, or all of its pieces in order
  std::optional<std::size_t> projector;
  std::vector<std::size_t> others;  // adapters and the like, which are not part of it
};

// Code::invalid: there is not exactly one whole model with at most one projector that fits it. `folder` is for messages,
// as is whether it is what the user named, or all of these files are.
enum class Named { folder, files };
Result<Understood> understand(const fs::path& folder, const std::vector<HeldGguf>& ggufs, Named named = Named::folder);

// "a chat model (qwen2vl, Q4_K_M), x.gguf, with the projector y.gguf"
std::string describe(const Understood& understood, const std::vector<HeldGguf>& ggufs, model::Task task);

// A word that a shell takes as it is.
std::string shell_word(const std::string& text);

}  // namespace eai::preserve
