// Why: everything that is known of one model, of which `eai show` makes lines or JSON.
// Thread: any. facts_of() blocks on the disk, and asks the engine for its devices; the others are pure functions.
// What holds: what a model's files say of themselves is foreign text; Output makes it harmless.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <boost/json/object.hpp>

#include "library/estimate.h"

namespace eai::cli {

struct ModelFacts {
  std::string label;
  ipld::Cid id;
  std::vector<std::string> aliases;
  const library::CatalogEntry* known = nullptr;  // of the catalog; null: it has no name there
  const store::Model* stored = nullptr;          // null: it is not on this disk
  std::optional<library::Estimate> estimate;     // of a stored model
  std::string why_no_estimate;
};

// The library must outlive them. Code::not_found: it is not here, and nothing is known of it; Code::corrupt: it is here and
// damaged.
Result<ModelFacts> facts_of(const library::Library& library, const library::Asked& asked,
                            const library::ServeSettings& settings);

// "chat, vision, tools"
std::vector<std::string> capabilities_of(const ModelFacts& facts);

// Label and text, in the order in which people want to know; an empty text: nothing is known.
using ShownFact = std::pair<std::string_view, std::string>;
std::vector<ShownFact> shown_facts(const ModelFacts& facts);

boost::json::object json_of_facts(const ModelFacts& facts);

}  // namespace eai::cli
