#include "library/repair.h"

#include <algorithm>

#include <sys/stat.h>

#include "library/bring.h"
#include "library/check.h"
#include "library/running.h"

namespace eai::library {
namespace {

bool is_damage(const Error& error) { return error.code == Code::corrupt || error.code == Code::invalid; }

// A file, whatever its names are.
struct Place {
  dev_t device{};
  ino_t number{};
  bool operator==(const Place&) const = default;
};

std::optional<Place> place_of(const fs::path& file) {
  struct stat info {};
  if (::lstat(file.c_str(), &info) != 0) return std::nullopt;
  return Place{info.st_dev, info.st_ino};
}

std::vector<Place> places_of(const fs::path& folder, const std::vector<store::ChangedFile>& files) {
  std::vector<Place> out;
  for (const store::ChangedFile& file : files)
    if (const auto place = place_of(folder / file.name)) out.push_back(*place);
  return out;
}

// Models that were linked to the same damaged files are damaged, too. What comes of their check is noted with them.
void check_sharers(const Library& library, const std::vector<Place>& shared, const ipld::Cid& mended, Feed& feed,
                   const std::stop_token& stop) {
  if (shared.empty()) return;
  for (const store::Model& model : library.contents.models) {
    const auto has_it = [&](const store::StoredFile& file) {
      const auto place = place_of(model.folder / file.name);
      return place && std::ranges::find(shared, *place) != shared.end();
    };
    if (model.id == mended || std::ranges::none_of(model.files, has_it)) continue;
    const auto changed = library.store.check(model.id, {}, stop);
    if (changed && !changed->empty())
      feed.note(library.label_of(model.id) + " has the same damaged file", Hint::repair_model);
  }
}

}  // namespace

Result<Repaired> repair(Library& library, const Asked& asked, const FetchSettings& settings, Feed& feed,
                        const std::stop_token& stop) {
  EAI_TRY(Checked checked, check(library, asked, feed, stop));
  Repaired out;
  out.bytes = checked.bytes;
  if (!checked.damage) return out;
  out.was_damaged = true;
  out.changed = std::move(checked.changed);
  // download() takes what find() calls well.
  const auto found = library.store.find(asked.id);
  if (found || !is_damage(found.error())) {
    return fail(Code::busy, "the damage of " + asked.label + " could not be noted; is another eai working on it?");
  }
  const std::vector<Place> shared = places_of(library.store.remains(asked.id).folder, out.changed);
  EAI_TRY(const store::Model model, bring(library, asked, settings, feed, stop));
  out.bytes = model.size();
  tell_server(library.folders);
  out.by_leaves = model.metadata.format == model::Format::unixfs;
  check_sharers(library, shared, asked.id, feed, stop);
  if (const auto last = feed.latest()) {
    for (const PeerProgress& peer : last->peers) (peer.name == k_this_disk ? out.here : out.fetched) += peer.done;
  }
  return out;
}

}  // namespace eai::library
