// Why: a LoRA model is a folder of adapters for another model, which is found by its hash and drawn with.
// Thread: one; reads a small file of the store.
// Source: the folder's metadata.json {base_model, lora_paths, lora_scales}: content/image_model.h.
#pragma once

#include <optional>
#include <vector>

#include "engine/model_spec.h"
#include "ipld/cid.h"
#include "store/store.h"

namespace eai::cli {

struct Lora {
  store::Model base;
  std::vector<engine::Adapter> adapters;
};

// The model that these adapters are for; nothing for a model that is no LoRA. Code::invalid: the folder does not say.
Result<std::optional<ipld::Cid>> base_of(const store::Model& model);

// The base, which must be here, and the adapters. Code::not_found: it is not; Code::invalid: an adapter is missing, or the
// base is a LoRA itself.
Result<std::optional<Lora>> lora_of(const store::Store& store, const store::Model& model);

// Where the weights of a model lie, its adapters, and what it is for.
void fill_spec(engine::ModelSpec& spec, const store::Model& model, const std::optional<Lora>& lora);

// Before a folder is preserved as a LoRA. Code::invalid: it would not run.
Result<void> check_lora_folder(const fs::path& folder);

}  // namespace eai::cli
