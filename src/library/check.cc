#include "library/check.h"

#include "library/byte_progress.h"

namespace eai::library {

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
  if (verdict) return out;
  if (verdict.error().code == Code::not_found) return not_here(asked);
  if (verdict.error().code != Code::corrupt && verdict.error().code != Code::invalid) {
    return Failure(std::move(verdict).error());
  }
  out.damage = std::move(verdict).error();
  return out;
}

}  // namespace eai::library
