// What `eai doctor` says of this machine and of what lies on it.
#include <algorithm>

#include "cli/config.h"
#include "cli/doctor_findings.h"
#include "cli/hint_words.h"
#include "util/text.h"

namespace eai::cli {
namespace {

using Grade = Finding::Grade;

constexpr std::uint64_t k_little_memory = 1'000'000'000, k_little_disk = 5'000'000'000, k_full_disk = 100'000'000;

Finding finding_of(const library::EngineFacts& engine) {
  const bool text = engine.program == "llama-server";
  const std::string name(engine.program);
  const std::string cure(shell_words(text ? Hint::llama_engine : Hint::image_engine));
  if (!engine.found) return {"engine", Grade::problem, engine.found.error().message, cure};
  if (engine.found->empty()) {
    const std::string without = text ? "so no model can chat or embed" : "so no model can draw";
    return {"engine", text ? Grade::problem : Grade::note, name + " is missing, " + without, cure};
  }
  if (!engine.version)
    return {"engine", Grade::problem, name + " does not run: " + engine.version.error().message, cure};
  return {"engine", Grade::good, name + " " + *engine.version + ", " + engine.found->string()};
}

std::string without_stop(std::string text) {
  while (text.ends_with('.')) text.pop_back();
  return text;
}

// On these, locks, links or speed are not what models need.
bool is_far_or_simple(std::string_view file_system) {
  constexpr std::string_view k_names[] = {"NFS", "CIFS", "SMB", "9P", "FAT", "exFAT", "NTFS"};
  return std::ranges::find(k_names, file_system) != std::end(k_names);
}

// These are read by the set-up or by others than the table of settings.
bool is_other_variable(std::string_view name) {
  constexpr std::string_view k_names[] = {"EAI_HOME",        "EAI_GPU",   "EAI_JOBS",
                                          "EAI_PINNING_KEY", "EAI_BUILD", "EAI_TEST_TOOLS"};
  return std::ranges::find(k_names, name) != std::end(k_names);
}

}  // namespace

Findings findings_of(const std::vector<library::EngineFacts>& engines) {
  Findings out;
  for (const library::EngineFacts& engine : engines) out.push_back(finding_of(engine));
  return out;
}

Findings findings_of(const Result<std::vector<engine::Device>>& devices) {
  if (!devices)
    return {{"gpu", Grade::note, "the engine does not say which GPUs it has: " + devices.error().message,
             "models run on the processor; build the engine again with `make`"}};
  if (devices->empty()) return {{"gpu", Grade::good, "none that the engine can use; models run on the processor"}};
  Findings out;
  for (const engine::Device& device : *devices)
    out.push_back({"gpu", Grade::good, device.name + ", " + device.description + ", " + human_bytes(device.memory)});
  return out;
}

Findings findings_of(const library::MemoryFacts& memory) {
  std::string found = "models may take " + human_bytes(memory.budget.bytes) + " (" + memory.budget.source + ")";
  if (memory.available > 0) found += "; " + human_bytes(memory.available) + " are free now";
  Findings out{{"memory", Grade::good, found}};
  if (memory.available > 0 && memory.available < k_little_memory) {
    out.front().grade = Grade::note;
    out.front().cure = "end other programs, or take a smaller model or a shorter --context-length";
  }
  if (memory.swap > 0 && memory.swap_free < memory.swap / 10)
    out.push_back({"memory", Grade::note,
                   "of " + human_bytes(memory.swap) + " of swap only " + human_bytes(memory.swap_free) +
                       " are free, so this machine was short of memory",
                   "end other programs; a model that is swapped out answers very slowly"});
  return out;
}

Findings findings_of(const Result<library::DiskFacts>& disk) {
  if (!disk) return {{"disk", Grade::problem, disk.error().message, "set EAI_HOME to a folder that can be used"}};
  const std::string where = disk->folder.string();
  const std::string room = human_bytes(disk->free) + " of " + human_bytes(disk->total) + " are free at " + where;
  const std::string make_room =
      "`eai ls` shows what models take, `eai rm <name>` removes one, and EAI_HOME names another place";
  if (disk->free < k_full_disk) return {{"disk", Grade::problem, "only " + room, make_room}};
  if (!disk->shares_blocks)
    return {{"disk", Grade::problem, disk->shares_blocks.error().message,
             "make the folder writable, or set EAI_HOME to one that is"}};
  Findings out{{"disk", Grade::good, room + (disk->file_system.empty() ? "" : ", " + disk->file_system)}};
  if (*disk->shares_blocks) out.front().found += ", where copies share their blocks";
  if (disk->free < k_little_disk) {
    out.front().grade = Grade::note;
    out.front().cure = make_room;
  }
  if (is_far_or_simple(disk->file_system))
    out.push_back({"disk", Grade::note,
                   where + " is on " + disk->file_system + ", where models load slowly and some links fail",
                   "set EAI_HOME to a folder on a disk of this machine"});
  return out;
}

Findings findings_of(const std::vector<library::FolderFacts>& folders) {
  Findings out;
  for (const library::FolderFacts& folder : folders) {
    const std::string what = std::string(folder.role) + ": " + folder.path.string();
    if (!folder.state)
      out.push_back({"folder", Grade::problem,
                     std::string(folder.role) + ": " + without_stop(folder.state.error().message),
                     "docs/configuration.md, \"Other users of this machine\", says which folders eai trusts"});
    else
      out.push_back({"folder", Grade::good, what + (folder.exists ? "" : " (made when it is needed)")});
  }
  return out;
}

Findings findings_of(const Result<library::Library>& library) {
  if (!library)
    return {{"models", Grade::problem, "the models cannot be read: " + library.error().message,
             "mend what this names; models that are verified stay"}};
  const store::Contents& here = library->contents;
  std::uint64_t bytes = 0;
  for (const store::Model& model : here.models) bytes += model.size();
  const std::string count = std::to_string(here.models.size()) + (here.models.size() == 1 ? " model" : " models");
  Findings out{{"models", Grade::good, here.models.empty() ? "none are here yet" : count + ", " + human_bytes(bytes)}};
  if (here.models.empty()) out.front().cure = "`eai run eai-demo` tries a small one that came with eai";
  for (const store::Damaged& entry : here.damaged) {
    const std::string name = entry.id ? library->label_of(*entry.id) : printable(entry.name);
    out.push_back({"models", Grade::problem, name + " is damaged: " + printable(entry.why, 400),
                   entry.id ? "`eai model repair " + name + "` fetches what is damaged"
                            : "it is in " + library->store.home().string() + "/models, and can be removed by hand"});
  }
  for (const store::Unfinished& entry : here.unfinished) {
    const std::string name = library->label_of(entry.id);
    if (entry.busy) continue;
    out.push_back({"models", Grade::note, name + ": " + human_bytes(entry.bytes) + " of an unfinished download",
                   "`eai pull " + name + "` goes on with it, and `eai rm " + name + "` removes it"});
  }
  for (const store::Newer& entry : here.newer)
    out.push_back({"models", Grade::note, library->label_of(entry.id) + ": " + printable(entry.why, 400),
                   "a newer eai can use it"});
  return out;
}

Findings findings_of_settings(const Result<void>& loaded, const fs::path& file, const std::vector<std::string>& names) {
  Findings out;
  std::error_code none;
  if (!loaded)
    out.push_back({"settings", Grade::problem, loaded.error().message, "`eai config edit` opens " + file.string()});
  else if (fs::exists(file, none))
    out.push_back({"settings", Grade::good, file.string() + " can be used"});
  else
    out.push_back({"settings", Grade::good, "there is no " + file.string() + ", so all settings have their defaults"});
  std::vector<std::string> known;
  for (const Setting& setting : settings()) known.emplace_back(setting.variable);
  for (const std::string& name : names) {
    if (!name.starts_with("EAI_") || is_other_variable(name) || std::ranges::find(known, name) != known.end()) continue;
    const auto near = near_names(name, known, 1);
    out.push_back({"settings", Grade::note, "the variable " + printable(name, 100) + " is none of eai's",
                   near.empty() ? "`eai config list` shows all settings" : "did you mean " + near.front() + "?"});
  }
  return out;
}

Findings findings_of(const TerminalFacts& terminal) {
  if (!terminal.utf8)
    return {{"terminal", Grade::note, "the locale is not UTF-8, so letters beyond ASCII may look wrong",
             "set LANG to one such as C.UTF-8 or en_US.UTF-8"}};
  if (terminal.dumb)
    return {{"terminal", Grade::note, "TERM says that this terminal cannot move its cursor, so eai prints plain lines",
             "set TERM to what the terminal is, such as xterm-256color, unless that is what you want"}};
  if (terminal.columns == 0) return {{"terminal", Grade::good, "UTF-8; the output goes to a file or a pipe"}};
  return {{"terminal", Grade::good, "UTF-8, " + std::to_string(terminal.columns) + " columns"}};
}

}  // namespace eai::cli
