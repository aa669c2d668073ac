#include "library/plan.h"

#include <algorithm>

#include <sys/stat.h>

#include "engine/kind.h"
#include "engine/worker.h"
#include "library/lora.h"
#include "library/resolve.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::library {
namespace {

// What is set for this model alone, if anything is.
Result<const ModelSettings*> own_settings(const Library& library, const ServeSettings& settings, const ipld::Cid& id) {
  const ModelSettings* found = nullptr;
  for (const ModelSettings& one : settings.models) {
    const auto asked = resolve(library, one.model);
    if (!asked || asked->id != id) continue;
    if (found != nullptr)
      return fail(Code::invalid, one.file.string() + ": [models.\"" + printable(found->model) + "\"] and [models.\"" +
                                     printable(one.model) + "\"] name the same model; put its settings into one table");
    found = &one;
  }
  return found;
}

// A GGUF file that a setting names by its path, or by name or hash of a stored model.
Result<fs::path> find_gguf(const Library& library, const ModelSettings& settings, const std::string& key,
                           const std::string& word) {
  const auto refuse = [&](std::string what) { return settings.fail_at_key(key, {Code::invalid, std::move(what)}); };
  fs::path path;
  if (names_file(word)) {
    path = settings.file.parent_path() / word;
    std::error_code ignored;
    if (!fs::is_regular_file(path, ignored)) return refuse("there is no file " + printable(path.string()));
  } else {
    const auto asked = resolve(library, word);
    if (!asked) return settings.fail_at_key(key, asked.error());
    const store::Model* model = library.stored(asked->id);
    if (model == nullptr) return settings.fail_at_key(key, not_here(*asked).value());
    const auto gguf = model->gguf();
    if (!gguf) return refuse(asked->label + " is not a GGUF file");
    path = *gguf;
  }
  if (path.string().find(',') != std::string::npos)
    return refuse(printable(path.string()) +
                  " has a comma in its path, which llama-server takes for the end of the name");
  return path;
}

Result<void> add_settings(engine::ModelSpec& spec, const Library& library, const ModelSettings& settings) {
  if (settings.context_length) spec.context_length = static_cast<std::uint32_t>(*settings.context_length);
  if (settings.parallel) spec.parallel = static_cast<std::uint32_t>(*settings.parallel);
  if (settings.idle_timeout) spec.idle_timeout = std::chrono::seconds(*settings.idle_timeout);
  spec.pinned = settings.pinned;
  const auto refuse = [&](const char* key) {
    return settings.fail_at_key(
        key, {Code::invalid, "models." + settings.model + "." + key + " is for llama-server, and " + spec.folder_name +
                                 " is an image model"});
  };
  const bool takes_settings = engine::kind_of(spec.task).takes_settings;
  if (!takes_settings && !settings.draft.empty()) return refuse("draft");
  if (!takes_settings && !settings.engine_options.empty()) return refuse("engine_options");
  if (!takes_settings && !settings.lora.empty()) return refuse("lora");
  for (const std::string& word : settings.lora) {
    const ScaledFile lora = parse_lora(word).value_or(ScaledFile{});  // checked when it was read
    EAI_TRY(fs::path gguf, find_gguf(library, settings, "lora", lora.name));
    spec.adapters.push_back({std::move(gguf), lora.scale});
  }
  if (!settings.draft.empty()) {
    EAI_TRY(spec.draft, find_gguf(library, settings, "draft", settings.draft));
  }
  // After those of the family, so that these win.
  spec.extra_arguments.insert(spec.extra_arguments.end(), settings.engine_options.begin(),
                              settings.engine_options.end());
  return {};
}

// As the catalog says, else as the names suggest.
std::string family_named(const Library& library, const store::Model& model) {
  const CatalogEntry* entry = library.catalog.by_id(model.id);
  if (entry != nullptr && !entry->family.empty()) return entry->family;
  const std::string family = family_of(library.label_of(model.id));
  return family.empty() ? family_of(model.metadata.folder_name) : family;
}

// A file that is replaced under its name, as by a repair, is another one.
std::string identity_of(const engine::ModelSpec& spec) {
  std::vector<fs::path> paths = {spec.gguf};
  if (spec.projector) paths.push_back(*spec.projector);
  if (spec.draft) paths.push_back(*spec.draft);
  for (const engine::Adapter& adapter : spec.adapters) paths.push_back(adapter.gguf);
  std::string out;
  for (const fs::path& path : paths) {
    struct stat info {};
    if (::stat(path.c_str(), &info) == 0) out += std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino) + " ";
  }
  return out;
}

std::vector<Note> notes_of(const Library& library, const ServeSettings& settings) {
  std::vector<Note> out;
  for (const ModelSettings& one : settings.models) {
    if (const auto asked = resolve(library, one.model); !asked) {
      out.push_back({one.file.string() + ": [models.\"" + printable(one.model) + "\"]: " + asked.error().message,
                     asked.error().hint});
    }
  }
  return out;
}

}  // namespace

Result<engine::ModelSpec> spec_of(const Library& library, const ServeSettings& settings, const store::Model& model) {
  engine::ModelSpec out;
  auto lora = lora_of(library.store, model);
  if (!lora) return Failure(std::move(lora).error().with(library.label_of(model.id)));
  fill_spec(out, model, *lora);
  out.folder_name = model.metadata.folder_name;
  out.stated_ram_gb = model.metadata.ram_gb;
  out.created = model.created;
  out.context_length = static_cast<std::uint32_t>(settings.context_length);
  out.parallel = static_cast<std::uint32_t>(settings.parallel);
  EAI_TRY(out.workers, engine::parse_workers(settings.engines.workers));
  if (out.task == model::Task::chat) out.extra_arguments = sampling_arguments(family_named(library, model));
  engine::kind_of(out.task).take_wishes(out, {.memory_budget = settings.memory_limit,
                                              .picture_metadata = settings.image_metadata,
                                              .weights_in_ram = settings.image_offload});
  EAI_TRY(const ModelSettings* own, own_settings(library, settings, model.id));
  if (own != nullptr) EAI_CHECK(add_settings(out, library, *own));
  out.files = identity_of(out);
  return out;
}

std::vector<engine::Device> devices_of(const Engines& engines) {
  auto devices = engine::find_devices(engines.programs());
  if (!devices) log::warn("{}", devices.error().message);
  return devices.value_or(std::vector<engine::Device>{});
}

Result<ServerPlan> make_plan(const Library& library, const ServeSettings& settings,
                             const std::vector<store::Model>& models) {
  ServerPlan plan;
  EAI_TRY(plan.engines, find_engines(settings.engines, library.folders));
  for (const store::Model& model : models) {
    EAI_CHECK(check_engine_for(plan.engines, model.metadata.task));
    EAI_TRY(engine::ModelSpec spec, spec_of(library, settings, model));
    plan.models.push_back({model, library.label_of(model.id), std::move(spec)});
  }
  if (!plan.models.empty()) plan.models.front().spec.main = true;
  plan.notes = notes_of(library, settings);
  return plan;
}

}  // namespace eai::library
