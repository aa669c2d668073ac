// Why: what people type or paste, a name or a hash, becomes a CID.
// Thread: any; reads nothing but the open library.
#pragma once

#include <string>
#include <vector>

#include "library/library.h"

namespace eai::library {

struct Asked {
  ipld::Cid id;
  std::string label;  // what to call it: Library::label_of(), or the name that was typed
};

// Code::not_found: the model would have to be downloaded first.
inline Failure not_here(const Asked& asked, Hint hint = Hint::download_model) {
  return fail_about(asked.label, Code::not_found, asked.label + " is not here", hint);
}

// Whether a word means a file, not a model: it has a slash or ends with .gguf, and is not a link to content.
bool names_file(std::string_view word);

// How much of a name or a hash must be typed.
enum class Typed {
  whole,  // in files, and where another model than the one that was meant would be removed or shared
  begun,  // a beginning that only one of the known models has is enough
  here,   // the same among the models on this disk
};

// An alias, a name of the catalog, the folder name of a stored model, or a CID, each as it is pasted (ipld/pasted.h).
// Code::not_found: an unknown name, with similar ones; Code::invalid: it looks like a CID or a link and is not one that
// names a model, with the reason, or two models have that name.
Result<Asked> resolve(const Library& library, const std::string& typed, Typed much = Typed::whole);

// The models of all names, then those of all hashes, in the order given, each once.
Result<std::vector<Asked>> resolve_all(const Library& library, const std::vector<std::string>& names,
                                       const std::vector<std::string>& hashes, Typed much = Typed::whole);

// Every model in the store, the damaged ones last.
std::vector<Asked> everything(const Library& library);

}  // namespace eai::library
