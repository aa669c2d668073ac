// Why: a LoRA model is a folder of adapters for another model, which it names by its hash and which has to be here too.
// Thread: any. Reads a small file in the store.
// Source: the folder's metadata.json {base_model, lora_paths, lora_scales}: model/image_model.h.
#pragma once

#include <optional>
#include <vector>

#include "engine/model_spec.h"
#include "ipld/cid.h"
#include "store/store.h"

namespace eai::library {

struct Lora {
  store::Model base;
  std::vector<engine::Adapter> adapters;
};

// The model that these adapters are for; nothing for a model that is not a LoRA. Code::invalid: the folder does
// not say which.
Result<std::optional<ipld::Cid>> base_of(const store::Model& model);

// The base, which must be here, and the adapters. Code::not_found: the base is not; Code::invalid: an adapter is
// missing, or the base is itself a LoRA.
Result<std::optional<Lora>> lora_of(const store::Store& store, const store::Model& model);

// Where the weights of a model lie, its adapters, and what it is for.
void fill_spec(engine::ModelSpec& spec, const store::Model& model, const std::optional<Lora>& lora);

// Checks a folder before it is preserved as a LoRA. Code::invalid: it would not run.
Result<void> check_lora_folder(const fs::path& folder);

}  // namespace eai::library
