#include "library/check.h"

#include "library/byte_progress.h"

namespace eai::library {
namespace {

constexpr std::size_t k_sampled_leaves = 64;  // of a model
// At most this many places are named.
constexpr std::size_t k_places = 3;

std::string words_of(const store::ChangedFile& file) {
  if (file.damage.empty()) return file.name + " changed on this disk: its SHA-256 does not match";
  std::string places;
  for (const ByteRange& range : file.damage) {
    if (&range - file.damage.data() == k_places) {
      places += ", …";
      break;
    }
    places += (places.empty() ? "" : ", ") + std::to_string(range.begin);
  }
  return file.name + " changed on this disk: " + std::to_string(file.damage.size()) + " of its " +
         std::to_string(file.leaves) + " leaves do not match (at byte " + places + ")";
}

Error damage_of(const std::vector<store::ChangedFile>& changed) {
  std::string words;
  for (const store::ChangedFile& file : changed) words += (words.empty() ? "" : "; ") + words_of(file);
  return {Code::corrupt, words};
}

// The model may have been repaired, or found damaged, since the last time.
Result<void> verify(const store::Store& store, const ipld::Cid& id, VerifyOnLoad how, const std::stop_token& stop,
                    const std::function<void(double)>& on_fraction) {
  EAI_TRY(const store::Model model, store.find(id));
  if (how == VerifyOnLoad::sample) {
    EAI_TRY(const bool well, store.seems_whole(model, k_sampled_leaves));
    if (well) return {};
  }
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    on_fraction(total == 0 ? 1 : static_cast<double>(done) / static_cast<double>(total));
  };
  EAI_TRY(const auto changed, store.check(id, progress, stop));
  if (changed.empty()) return {};
  return Failure(damage_of(changed));
}

}  // namespace

Result<Checked> check(const Library& library, const Asked& asked, Feed& feed, const std::stop_token& stop) {
  library.store.sweep();
  Checked out;
  ByteProgress told(feed, asked.label, asked.id.str());
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    if (out.bytes == 0) told.begin(Phase::reading, 0, total);
    out.bytes = total;
    told.reach(done, total);
  };
  auto verdict = library.store.check(asked.id, progress, stop);
  if (verdict) {
    out.changed = *std::move(verdict);
    if (!out.changed.empty()) out.damage = damage_of(out.changed);
    return out;
  }
  if (verdict.error().code == Code::not_found) return not_here(asked);
  if (verdict.error().code != Code::corrupt && verdict.error().code != Code::invalid) {
    return Failure(std::move(verdict).error());
  }
  out.damage = std::move(verdict).error();
  return out;
}

std::optional<VerifyOnLoad> verify_on_load_of(std::string_view word) {
  if (word == "off") return VerifyOnLoad::off;
  if (word == "sample") return VerifyOnLoad::sample;
  return word == "full" ? std::optional(VerifyOnLoad::full) : std::nullopt;
}

engine::PoolOptions::Verify verifier(const fs::path& home, VerifyOnLoad how) {
  if (how == VerifyOnLoad::off) return {};
  return [home, how](const std::string& id, const std::stop_token& stop,
                     const std::function<void(double)>& on_fraction) -> Result<void> {
    EAI_TRY(const ipld::Cid cid, ipld::Cid::parse(id));
    EAI_TRY(const store::Store store, store::Store::open(home));
    auto good = verify(store, cid, how, stop, on_fraction);
    if (good || good.error().code != Code::corrupt) return good;
    Error damage = std::move(good).error();
    damage.hint = Hint::repair_model;
    return Failure(std::move(damage));
  };
}

}  // namespace eai::library
