#include "library/catalog.h"

#include <algorithm>
#include <array>
#include <utility>

#include "ipld/pasted.h"
#include "library/catalog_builtin.h"
#include "util/shown_text.h"
#include "util/text.h"
#include "util/toml_file.h"

namespace eai::library {
namespace {

constexpr std::uint64_t k_shipped_metadata_limit = 64 * k_kib;

struct Family {
  std::string_view name;
  std::vector<std::string> arguments;
};

// The sampling that the original tool gave each family.
const std::vector<Family>& families() {
  static const std::vector<Family> table = {
      {"qwen3", {"--temp", "0.8", "--top-k", "20", "--top-p", "0.95", "--min-p", "0", "--presence-penalty", "1.5"}},
      {"gemma-3n", {"--temp", "1.0", "--top-p", "0.95", "--top-k", "64", "--min-p", "0"}},
      {"gemma-3", {"--temp", "1.0", "--top-p", "0.95", "--top-k", "64", "--min-p", "0"}},
      {"lfm2", {"--temp", "0.3", "--min-p", "0.15", "--repeat-penalty", "1.05"}},
      {"devstral", {"--temp", "0.15", "--min-p", "0.01", "--top-k", "64", "--repeat-penalty", "1.0"}},
  };
  return table;
}

// The value of an entry that must be text.
Result<std::string> text_of_entry(const fs::path& file, const TomlEntry& entry) {
  if (const auto* text = std::get_if<std::string>(&entry.value)) return *text;
  return fail_at(file, entry.line, entry.key() + " must be a string in quotes");
}

Result<double> gigabytes_of(const fs::path& file, const TomlEntry& entry) {
  if (const auto* real = std::get_if<double>(&entry.value); real != nullptr && *real >= 0) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&entry.value); whole != nullptr && *whole >= 0) {
    return static_cast<double>(*whole);
  }
  return fail_at(file, entry.line, entry.key() + " must be a number of gigabytes, such as 1.83");
}

Result<void> set_field(CatalogEntry& model, const fs::path& file, const TomlEntry& entry) {
  const std::string& field = entry.path[2];
  if (field == "size_gb" || field == "ram_gb") {
    EAI_TRY(double value, gigabytes_of(file, entry));
    (field == "size_gb" ? model.size_gb : model.ram_gb) = value;
    return {};
  }
  const std::vector<std::string> fields = {"hash", "task", "size_gb", "ram_gb", "family"};
  if (std::find(fields.begin(), fields.end(), field) == fields.end()) {
    auto near = near_names(field, fields, 1);
    return fail_at(file, entry.line,
                   "unknown key " + entry.key() + (near.empty() ? "" : "; did you mean " + near.front() + "?"));
  }
  EAI_TRY(std::string text, text_of_entry(file, entry));
  if (field == "family") {
    if (sampling_arguments(text).empty()) {
      std::string known;
      for (const Family& family : families()) known += (known.empty() ? "" : ", ") + std::string(family.name);
      return fail_at(file, entry.line, entry.key() + " must be one of " + known);
    }
    model.family = text;
  } else if (field == "task") {
    auto task = model::parse_task(text);
    if (!task) return fail_at(file, entry.line, entry.key() + ": " + task.error().message);
    model.task = *task;
    model.task_is_guessed = false;
  } else {
    auto id = ipld::parse_pasted(text);
    if (!id) return fail_at(file, entry.line, entry.key() + ": " + id.error().message);
    model.id = *std::move(id);
  }
  return {};
}

// A row that names a known model by its hash, under another name, starts from what is known of it.
void begin_as_known(CatalogEntry& model, const TomlEntry& row, const Catalog& known) {
  const auto* text = std::get_if<std::string>(&row.value);
  if (row.path[2] != "hash" || text == nullptr) return;
  const auto id = ipld::parse_pasted(*text);
  const CatalogEntry* same = id ? known.by_id(*id) : nullptr;
  if (same == nullptr) return;
  std::string name = std::exchange(model, *same).name;
  model.name = std::move(name);
}

bool is_alias(const TomlEntry& row) { return row.path.size() == 2 && row.path[0] == "aliases"; }

Result<Alias> read_alias(const fs::path& file, const TomlEntry& row, const Catalog& known) {
  EAI_TRY(const std::string text, text_of_entry(file, row));
  if (auto good = check_visible_name(row.path[1]); !good || row.path[1].empty())
    return fail_at(file, row.line, "the name " + row.key() + " " + (good ? "is empty" : good.error().message));
  if (const CatalogEntry* entry = known.by_name(text)) return Alias{row.path[1], entry->id};
  auto id = ipld::parse_pasted(text);
  if (!id) return fail_at(file, row.line, row.key() + ": " + id.error().message);
  return Alias{row.path[1], *std::move(id)};
}

// The rows of one model are together, since TOML tables come one after the other, sorted by key.
Result<std::vector<CatalogEntry>> read_file_entries(const fs::path& file, const std::vector<TomlEntry>& entries,
                                                    const Catalog& known) {
  const ipld::Cid none = ipld::Cid::raw_of({});
  std::vector<CatalogEntry> out;
  for (std::size_t i = 0; i < entries.size();) {
    if (is_alias(entries[i])) {
      ++i;
      continue;
    }
    if (entries[i].path.size() != 3 || entries[i].path[0] != "models") {
      return fail_at(file, entries[i].line,
                     "unknown key " + entries[i].key() +
                         "; a model is a table [models.<name>], and a further name a key of [aliases]");
    }
    CatalogEntry model{.name = entries[i].path[1], .id = none, .task_is_guessed = true};
    std::uint32_t line = entries[i].line;
    for (std::size_t row = i; row < entries.size() && entries[row].path.size() == 3; ++row) {
      if (entries[row].path[1] == model.name) begin_as_known(model, entries[row], known);
    }
    for (; i < entries.size() && entries[i].path.size() == 3 && entries[i].path[1] == model.name; ++i) {
      EAI_CHECK(set_field(model, file, entries[i]));
    }
    if (model.id == none) return fail_at(file, line, "models." + printable(model.name) + " has no hash");
    if (auto good = check_visible_name(model.name); !good) {
      return fail_at(file, line, "the name models." + printable(model.name) + " " + good.error().message);
    }
    out.push_back(std::move(model));
  }
  return out;
}

// For a file named by CID that holds a model's metadata; nothing for a part of a model.
std::optional<CatalogEntry> shipped_entry(const fs::directory_entry& file) {
  std::error_code wrong;
  if (file.file_size(wrong) > k_shipped_metadata_limit || wrong) return std::nullopt;
  auto id = ipld::Cid::parse(file.path().filename().string());
  auto bytes = read_file(file.path(), k_shipped_metadata_limit);
  if (!id || !bytes || !text_of(*bytes).starts_with("{")) return std::nullopt;
  auto metadata = model::parse_metadata(*bytes);
  if (!metadata) return std::nullopt;
  return CatalogEntry{.name = metadata->folder_name,
                      .id = *id,
                      .task = metadata->task,
                      .size_gb = static_cast<double>(metadata->total_size()) / 1e9,
                      .ram_gb = metadata->ram_gb.value_or(0),
                      .family = {},
                      .shipped = true};
}

}  // namespace

Result<Catalog> Catalog::load(const fs::path& file, const fs::path& blocks) {
  Catalog out;
  for (const BuiltinModel& row : k_builtin_models) {
    EAI_TRY(ipld::Cid id, ipld::Cid::parse(row.hash));
    out.entries_.push_back(
        {std::string(row.name), std::move(id), row.task, row.size_gb, row.ram_gb, std::string(row.family)});
  }
  std::error_code none;
  for (const fs::directory_entry& block : fs::directory_iterator(blocks, none)) {
    auto shipped = shipped_entry(block);
    if (!shipped) continue;
    auto known = std::find_if(out.entries_.begin(), out.entries_.end(),
                              [&](const CatalogEntry& entry) { return entry.id == shipped->id; });
    if (known != out.entries_.end()) {
      known->shipped = true;
    } else if (out.by_name(shipped->name) == nullptr) {
      out.entries_.push_back(*std::move(shipped));
    }
  }
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return out;
  EAI_TRY(const auto rows, read_toml(file));
  EAI_TRY(auto own, read_file_entries(file, rows, out));
  for (CatalogEntry& entry : own) {
    std::erase_if(out.entries_, [&](const CatalogEntry& old) { return lower(old.name) == lower(entry.name); });
    out.entries_.push_back(std::move(entry));
  }
  for (const TomlEntry& row : rows) {
    if (!is_alias(row)) continue;
    EAI_TRY(Alias alias, read_alias(file, row, out));
    if (out.alias(alias.name) != nullptr) return fail_at(file, row.line, row.key() + " stands there twice");
    out.aliases_.push_back(std::move(alias));
  }
  return out;
}

const Alias* Catalog::alias(std::string_view name) const {
  for (const Alias& one : aliases_) {
    if (lower(one.name) == lower(name)) return &one;
  }
  return nullptr;
}

const CatalogEntry* Catalog::by_name(std::string_view name) const {
  for (const CatalogEntry& entry : entries_) {
    if (lower(entry.name) == lower(name)) return &entry;
  }
  return nullptr;
}

const CatalogEntry* Catalog::by_id(const ipld::Cid& id) const {
  // From the end, because what the user's file says of a model comes last and wins.
  const auto found = std::find_if(entries_.rbegin(), entries_.rend(),
                                  [&](const CatalogEntry& entry) { return entry.id.hash() == id.hash(); });
  return found == entries_.rend() ? nullptr : &*found;
}

std::vector<std::string> Catalog::names() const {
  std::vector<std::string> out;
  for (const CatalogEntry& entry : entries_) out.push_back(entry.name);
  for (const Alias& one : aliases_) out.push_back(one.name);
  return out;
}

std::vector<std::string> sampling_arguments(std::string_view family) {
  for (const Family& known : families()) {
    if (known.name == family) return known.arguments;
  }
  return {};
}

std::string family_of(std::string_view folder_name) {
  std::string name = lower(folder_name);
  if (name.find("embed") != std::string::npos) return "";
  for (const Family& known : families()) {  // gemma-3n stands before gemma-3
    if (name.starts_with(known.name)) return std::string(known.name);
  }
  return "";
}

}  // namespace eai::library
