#include "library/choose.h"

#include <algorithm>
#include <random>

#include "library/lora.h"
#include "util/text.h"

namespace eai::library {
Result<std::vector<store::Model>> stored_models(const Library& library, const std::vector<Asked>& asked) {
  std::vector<store::Model> out;
  for (const Asked& one : asked) {
    const store::Model* model = library.stored(one.id);
    if (model == nullptr) return not_here(one);
    out.push_back(*model);
  }
  return out;
}

Result<void> check_engines(const Library& library, const Engines& engines, const std::vector<Asked>& asked) {
  for (const Asked& one : asked) {
    const store::Model* model = library.stored(one.id);
    const CatalogEntry* entry = library.catalog.by_id(one.id);
    if (model != nullptr) {
      EAI_CHECK(check_engine_for(engines, model->metadata.task));
    } else if (entry != nullptr) {
      EAI_CHECK(check_engine_for(engines, entry->task));
    }
  }
  return {};
}

Result<std::vector<store::Model>> servable_models(const Library& library, const Engines& engines,
                                                  std::vector<Note>& notes) {
  std::vector<store::Model> out;
  if (library.contents.models.empty()) return out;
  for (const store::Model& model : library.contents.models) {
    auto can = check_engine_for(engines, model.metadata.task);
    if (can) can = lora_of(library.store, model).map([](const auto&) {});
    if (can) {
      out.push_back(model);
    } else {
      notes.push_back({library.label_of(model.id) + " is left out: " + can.error().message, can.error().hint});
    }
  }
  if (out.empty()) {
    EAI_CHECK(check_engine_for(engines, library.contents.models.front().metadata.task));
    return fail(Code::not_found, "none of the models here can be served");
  }
  return out;
}

Result<void> put_first(const Library& library, const std::string& word, std::vector<store::Model>& models) {
  auto first = models.begin();
  if (word.empty()) {
    std::random_device chance;
    first += std::uniform_int_distribution<std::ptrdiff_t>(0, std::ssize(models) - 1)(chance);
  } else {
    EAI_TRY(const Asked asked, resolve(library, word));
    first = std::ranges::find(models, asked.id, &store::Model::id);
    if (first == models.end()) return not_here(asked);
  }
  std::rotate(models.begin(), first, first + 1);
  return {};
}

Result<Asked> drawing_model(const Library& library, const std::string& word, model::Task wanted) {
  if (!word.empty()) return resolve(library, word);
  const store::Model* found = nullptr;
  for (const store::Model& model : library.contents.models) {
    if (!draws(model.metadata.task)) continue;
    if (found == nullptr || (model.metadata.task == wanted && found->metadata.task != wanted)) found = &model;
  }
  if (found != nullptr) return Asked{found->id, library.label_of(found->id)};
  std::string names;
  for (const CatalogEntry& entry : library.catalog.entries()) {
    if (!draws(entry.task)) continue;
    if (entry.shipped) return Asked{entry.id, entry.name};
    names += (names.empty() ? "" : ", ") + entry.name + " (" +
             human_bytes(static_cast<std::uint64_t>(entry.size_gb * 1e9)) + ")";
  }
  return fail(Code::not_found, "no image model is here; these can be downloaded: " + names + ", or any by its hash");
}

}  // namespace eai::library
