#include "library/lora.h"

#include "model/image_model.h"
#include "util/text.h"

namespace eai::library {
namespace {

constexpr std::uint64_t k_document_limit = k_mib;

struct Read {
  ipld::Cid base;
  std::vector<engine::Adapter> adapters;
};

Result<Read> read_folder(const fs::path& folder) {
  auto bytes = read_file(folder / "metadata.json", k_document_limit);
  if (!bytes && bytes.error().code == Code::not_found)
    return fail(Code::invalid,
                "the folder of a LoRA needs a metadata.json with base_model, lora_paths and lora_scales");
  if (!bytes) return Failure(std::move(bytes).error());
  EAI_TRY(model::LoraFolder named, model::parse_lora_folder(text_of(*bytes)));
  auto base = ipld::Cid::parse(named.base_model);
  if (!base) return Failure(std::move(base).error().with("the metadata.json of the LoRA: base_model"));
  Read out{*base, {}};
  for (std::size_t i = 0; i < named.paths.size(); ++i) {
    const fs::path file = folder / named.paths[i];
    std::error_code ignored;
    if (!fs::is_regular_file(file, ignored))
      return fail(Code::invalid,
                  "the LoRA has no file " + printable(named.paths[i]) + ", which its metadata.json names");
    out.adapters.push_back({file, static_cast<double>(named.scales[i])});
  }
  return out;
}

}  // namespace

Result<std::optional<ipld::Cid>> base_of(const store::Model& model) {
  if (!model.metadata.lora) return std::nullopt;
  EAI_TRY(Read read, read_folder(model.payload()));
  return read.base;
}

Result<std::optional<Lora>> lora_of(const store::Store& store, const store::Model& model) {
  if (!model.metadata.lora) return std::nullopt;
  EAI_TRY(Read read, read_folder(model.payload()));
  auto base = store.find(read.base);
  if (!base && base.error().code == Code::not_found)
    return fail_about(read.base.str(), Code::not_found, "the model that it adapts is not here: " + read.base.str(),
                      Hint::download_model);
  if (!base) return Failure(std::move(base).error().with("the model that it adapts"));
  if (base->metadata.lora)
    return fail(Code::invalid, "the model that it adapts, " + read.base.str() + ", is itself a LoRA");
  return Lora{*std::move(base), std::move(read.adapters)};
}

void fill_spec(engine::ModelSpec& spec, const store::Model& model, const std::optional<Lora>& lora) {
  const store::Model& weights = lora ? lora->base : model;
  spec.id = model.id.str();
  spec.task = model.metadata.task;
  spec.config_name = model.metadata.config_name.empty() ? weights.metadata.config_name : model.metadata.config_name;
  spec.gguf = weights.gguf().value_or(weights.payload());
  spec.projector = weights.projector();
  if (lora) spec.adapters = lora->adapters;
}

Result<void> check_lora_folder(const fs::path& folder) {
  return read_folder(folder).map([](const Read&) {});
}

}  // namespace eai::library
