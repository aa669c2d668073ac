#include "library/repair.h"

#include "library/bring.h"
#include "library/check.h"

namespace eai::library {
namespace {

bool is_damage(const Error& error) { return error.code == Code::corrupt || error.code == Code::invalid; }

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
  EAI_TRY(const store::Model model, bring(library, asked, settings, feed, stop));
  out.bytes = model.size();
  if (const auto last = feed.latest()) {
    for (const PeerProgress& peer : last->peers) (peer.name == k_this_disk ? out.here : out.fetched) += peer.done;
  }
  return out;
}

}  // namespace eai::library
