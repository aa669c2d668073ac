// Why: which models are meant where a person did not name each one.
// Thread: any; blocks on the disk for a moment.
#pragma once

#include <string>
#include <vector>

#include "library/engines.h"
#include "library/job.h"
#include "library/resolve.h"

namespace eai::library {

// The stored models that were asked for, in that order. Code::not_found: one is not here.
Result<std::vector<store::Model>> stored_models(const Library& library, const std::vector<Asked>& asked);

// What can be told before a byte is fetched. Code::unsupported: an engine is missing for a model whose task is known,
// because it is here or in the catalog.
Result<void> check_engines(const Library& library, const Engines& engines, const std::vector<Asked>& asked);

// Every stored model that an engine on this machine can serve; why the others are left out goes to `notes`.
// Empty if no model is here. Code::not_found: none of those here can be served; Code::unsupported: the engine for the first one is missing.
Result<std::vector<store::Model>> servable_models(const Library& library, const Engines& engines,
                                                  std::vector<Note>& notes);

// The model that is meant by `word`, or without a word one by chance, goes to the front. Code::not_found: it is not
// among them.
Result<void> put_first(const Library& library, const std::string& word, std::vector<store::Model>& models);

// The model that draws: the one that `word` means; without a word the first here that is made for `wanted` or else
// draws, or the one that is shipped with the program. Code::not_found: none is here; the message names those in the
// catalog.
Result<Asked> drawing_model(const Library& library, const std::string& word, model::Task wanted);

}  // namespace eai::library
