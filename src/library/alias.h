// Why: a person gives a model a name that is easier to say.
// Thread: any. Reads and writes catalog.toml.
// What holds: everything in the file except the one line stays as it is, and a file that could not be read afterwards is
// not written.
#pragma once

#include <string>

#include "library/resolve.h"

namespace eai::library {

// Code::invalid: the name cannot be told from a hash, a file or a list, or another model is called so already;
// Code::unsupported as with_toml_value(). An alias of this name that exists then means this model.
Result<void> set_alias(const Library& library, const std::string& name, const Asked& asked);

// Code::not_found: it is not an alias.
Result<void> remove_alias(const Library& library, const std::string& name);

}  // namespace eai::library
