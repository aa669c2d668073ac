// `eai model list`
#include <algorithm>
#include <map>

#include <boost/json.hpp>

#include "cli/commands.h"
#include "library/library.h"
#include "library/running.h"
#include "store/disk_use.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

std::string gigabytes(double gb) { return gb <= 0 ? "-" : human_bytes(static_cast<std::uint64_t>(gb * 1e9)); }

std::string ram_of(const library::Library& library, const store::Model& model) {
  if (model.metadata.ram_gb) return gigabytes(*model.metadata.ram_gb);
  const library::CatalogEntry* entry = library.catalog.by_id(model.id);
  return entry == nullptr ? "-" : gigabytes(entry->ram_gb);
}

std::int64_t seconds_of(std::chrono::system_clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

// What the disk says of the models.
struct Disk {
  std::map<std::string, store::DiskUse> models;  // by hash
  std::uint64_t bytes = 0;
};

Disk disk_of(const library::Library& library) {
  Disk out;
  store::DiskTally tally;
  for (const store::Model& model : library.contents.models) out.models[model.id.str()] = tally.add(model);
  out.bytes = tally.bytes();
  return out;
}

std::string since_used(const library::Library& library, const store::Model& model) {
  const auto used = library::last_used(library.folders, model.metadata.folder_name);
  if (!used) return "never";
  const auto ago = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now() - *used);
  constexpr std::chrono::hours k_day{24};
  if (ago >= 2 * k_day) return std::to_string(ago / k_day) + " days ago";
  return human_duration(std::max(ago, std::chrono::seconds(0))) + " ago";
}

json::object to_json(const library::Library& library, const store::Model& model, const Disk& disk) {
  json::array files;
  for (const store::StoredFile& file : model.files) {
    files.push_back(json::object{{"name", file.name}, {"size", file.size}, {"sha256", to_hex(file.sha256)}});
  }
  json::object out{{"hash", model.id.str()},
                   {"name", library.label_of(model.id)},
                   {"folder_name", model.metadata.folder_name},
                   {"task", model::name_of(model.metadata.task)},
                   {"size", model.size()},
                   {"origin", name_of(model.origin)},
                   {"created", seconds_of(model.created)},
                   {"folder", model.folder.string()},
                   {"files", std::move(files)}};
  if (model.metadata.ram_gb) out["ram"] = *model.metadata.ram_gb;
  const store::DiskUse& use = disk.models.at(model.id.str());
  out["disk"] = use.bytes;
  out["frees"] = use.frees;
  const auto used = library::last_used(library.folders, model.metadata.folder_name);
  out["last_used"] = used ? json::value(seconds_of(*used)) : json::value();
  json::array aliases;
  for (const library::Alias& alias : library.catalog.aliases())
    if (alias.id == model.id) aliases.emplace_back(alias.name);
  out["aliases"] = std::move(aliases);
  return out;
}

json::object to_json(const library::Library& library, bool all, const Disk& disk) {
  json::array models, damaged, newer, unfinished, known;
  for (const store::Model& model : library.contents.models) models.push_back(to_json(library, model, disk));
  for (const store::Damaged& entry : library.contents.damaged) {
    damaged.push_back(json::object{{"hash", entry.name}, {"why", entry.why}});
  }
  for (const store::Unfinished& entry : library.contents.unfinished) {
    unfinished.push_back(json::object{
        {"hash", entry.id.str()}, {"name", library.label_of(entry.id)}, {"bytes", entry.bytes}, {"busy", entry.busy}});
  }
  for (const store::Newer& entry : library.contents.newer) {
    newer.push_back(json::object{{"hash", entry.id.str()}, {"why", entry.why}});
  }
  json::object out{
      {"models", std::move(models)}, {"damaged", std::move(damaged)}, {"unfinished", std::move(unfinished)}};
  if (!disk.models.empty()) out["disk"] = disk.bytes;
  if (!newer.empty()) out["newer"] = std::move(newer);
  if (!all) return out;
  for (const library::CatalogEntry& entry : library.catalog.entries()) {
    known.push_back(json::object{{"name", entry.name},
                                 {"hash", entry.id.str()},
                                 {"task", model::name_of(entry.task)},
                                 {"size_gb", entry.size_gb},
                                 {"ram", entry.ram_gb},
                                 {"here", library.stored(entry.id) != nullptr}});
  }
  out["catalog"] = std::move(known);
  return out;
}

void print_table(const library::Library& library, bool all, Output& out) {
  std::vector<std::vector<std::string>> rows;
  auto row = [&](std::string name, std::string size, std::string ram, model::Task task, std::string state,
                 std::string used, std::string hash) {
    rows.push_back({std::move(name), std::move(size), std::move(ram), std::string(model::name_of(task)),
                    std::move(state), std::move(used), std::move(hash)});
  };
  for (const store::Model& model : library.contents.models) {
    row(library.label_of(model.id), human_bytes(model.size()), ram_of(library, model), model.metadata.task,
        std::string(name_of(model.origin)), since_used(library, model), model.id.str());
  }
  if (all) {
    for (const library::CatalogEntry& entry : library.catalog.entries()) {
      if (library.stored(entry.id) != nullptr) continue;
      row(entry.name, gigabytes(entry.size_gb), gigabytes(entry.ram_gb), entry.task, "not here", "-", entry.id.str());
    }
  }
  if (!rows.empty()) out.table({"NAME", "SIZE", "RAM", "TASK", "STATE", "USED", "HASH"}, rows, 6);
}

// What does not simply add up, and what all take together.
void note_disk(const library::Library& library, const Disk& disk, Output& out) {
  constexpr std::uint64_t k_trifle = k_mib;  // documents and the like
  for (const store::Model& model : library.contents.models) {
    const store::DiskUse& use = disk.models.at(model.id.str());
    if (use.bytes - use.frees < k_trifle) continue;
    out.note(library.label_of(model.id) + " shares " + human_bytes(use.bytes - use.frees) +
             " with other files on this disk; removing it frees " + human_bytes(use.frees));
  }
  const std::size_t count = library.contents.models.size();
  if (count > 1) out.note(std::to_string(count) + " models take " + human_bytes(disk.bytes) + " of this disk");
}

}  // namespace

Result<int> model_list(Context& context) {
  Output& out = context.out;
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  bool all = context.config.list.all;
  const Disk disk = disk_of(library);
  if (out.json()) {
    out.event(to_json(library, all, disk));
    return 0;
  }
  print_table(library, all, out);
  note_disk(library, disk, out);
  for (const store::Unfinished& entry : library.contents.unfinished) {
    std::string name = library.label_of(entry.id);
    out.note(name + ": " + human_bytes(entry.bytes) + " of an unfinished download" +
             (entry.busy
                  ? ", which is still running"
                  : "; `eai model download " + name + "` continues it, `eai model remove " + name + "` deletes it"));
  }
  for (const store::Damaged& entry : library.contents.damaged) {
    std::string name = entry.id ? library.label_of(*entry.id) : printable(entry.name);
    out.note(name + " is damaged: " + printable(entry.why, 400) +
             (entry.id ? "; `eai model repair " + name + "` fetches what is damaged" : ""));
  }
  for (const store::Newer& entry : library.contents.newer) {
    out.note(library.label_of(entry.id) + " cannot be used: " + printable(entry.why, 400) + "; a newer eai can use it");
  }
  const store::Contents& here = library.contents;
  if (here.models.empty() && here.damaged.empty() && here.newer.empty() && !all) {
    out.note("There are no models here yet. `eai model list --all` shows those that eai knows by name.");
  }
  return 0;
}

}  // namespace eai::cli
