#include "cli/model_settings.h"

#include <algorithm>
#include <array>

#include "engine/llama_options.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::uint64_t k_longest_idle = 365 * 86400;

constexpr std::array k_keys = {
    ModelKey{"context_length", "Context in tokens; 0: as trained, at most 32768"},
    ModelKey{"parallel", "Answers that it gives at the same time, sharing its context; 0: the engine's default"},
    ModelKey{"idle_timeout", "Seconds until it is unloaded if it is not used; 0: never"},
    ModelKey{"pinned", "Keep it loaded while it is idle; if another model needs memory, unload this one last"},
    ModelKey{"lora",
             "LoRA adapters: GGUF files, names or hashes, each followed by a colon and its scale unless that is 1"},
    ModelKey{"draft", "A small model that drafts answers (speculative decoding): a GGUF file, a name or a hash"},
    ModelKey{"engine_options", "Options for llama-server, each word as a string of its own"},
};

Failure wrong(const fs::path& file, const TomlEntry& entry, std::string_view what) {
  return fail_at(file, entry.line, entry.key() + " must be " + std::string(what));
}

Result<void> set_number(const fs::path& file, const TomlEntry& entry, std::uint64_t highest,
                        std::optional<std::uint64_t>& into) {
  const auto* number = std::get_if<std::int64_t>(&entry.value);
  if (number == nullptr || *number < 0 || static_cast<std::uint64_t>(*number) > highest)
    return wrong(file, entry, "a whole number from 0 to " + std::to_string(highest));
  into = static_cast<std::uint64_t>(*number);
  return {};
}

Result<void> set_lora(const fs::path& file, const TomlEntry& entry, std::vector<std::string>& into) {
  const auto* list = std::get_if<std::vector<std::string>>(&entry.value);
  if (list == nullptr) return wrong(file, entry, "a list of strings");
  for (const std::string& text : *list)
    if (!library::parse_lora(text))
      return wrong(file, entry,
                   "a list of files, names or hashes, such as \"adapter.gguf:0.5\", not \"" + printable(text) + "\"");
  into = *list;
  return {};
}

Result<void> set_engine_options(const fs::path& file, const TomlEntry& entry, std::vector<std::string>& into) {
  const auto* list = std::get_if<std::vector<std::string>>(&entry.value);
  if (list == nullptr) return wrong(file, entry, "a list of strings");
  if (auto good = engine::check_extra_arguments(*list); !good)
    return fail_at(file, entry.line, entry.key() + ": " + good.error().message);
  into = *list;
  return {};
}

Result<void> set_key(ModelSettings& model, const fs::path& file, const TomlEntry& entry, const std::string& key) {
  if (key == "context_length") return set_number(file, entry, 1U << 24, model.context_length);
  if (key == "parallel") return set_number(file, entry, 256, model.parallel);
  if (key == "idle_timeout") return set_number(file, entry, k_longest_idle, model.idle_timeout);
  if (key == "lora") return set_lora(file, entry, model.lora);
  if (key == "engine_options") return set_engine_options(file, entry, model.engine_options);
  if (key == "pinned") {
    const auto* flag = std::get_if<bool>(&entry.value);
    if (flag == nullptr) return wrong(file, entry, "true or false");
    model.pinned = *flag;
    return {};
  }
  const auto* text = std::get_if<std::string>(&entry.value);
  if (text == nullptr || text->empty()) return wrong(file, entry, "a file, a name or a hash");
  model.draft = *text;
  return {};
}

}  // namespace

std::span<const ModelKey> model_keys() { return k_keys; }

Result<void> set_model_setting(std::vector<ModelSettings>& all, const fs::path& file, const TomlEntry& entry) {
  if (entry.path.size() != 3 || entry.path[1].empty())
    return fail_at(file, entry.line,
                   "unknown key " + entry.key() + "; the settings of a model belong in a table [models.\"<name>\"]");
  const std::string& model = entry.path[1];
  const std::string& key = entry.path[2];
  if (std::ranges::find(k_keys, std::string_view(key), &ModelKey::key) == k_keys.end()) {
    std::vector<std::string> names;
    for (const ModelKey& known : k_keys) names.emplace_back(known.key);
    const auto near = near_names(key, names, 1);
    return fail_at(file, entry.line,
                   "unknown key " + entry.key() + (near.empty() ? "" : "; did you mean " + near.front() + "?"));
  }
  auto found = std::ranges::find(all, model, &ModelSettings::model);
  if (found == all.end()) {
    all.emplace_back();
    found = std::prev(all.end());
    found->model = model;
    found->file = file;
  }
  found->lines[key] = entry.line;
  return set_key(*found, file, entry, key);
}

}  // namespace eai::cli
