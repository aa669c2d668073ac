#include "fetch/resumed.h"

#include <sys/stat.h>

#include "fetch/range_plan.h"

namespace eai::fetch {
namespace {

// What an earlier run noted of a piece, as far as its file reaches.
std::vector<ByteRange> noted_ranges(const std::vector<JournalEntry>& entries, std::size_t index, const fs::path& path) {
  std::error_code error;
  std::uint64_t size = fs::file_size(path, error);
  if (error) return {};
  RangePlan plan(size);
  for (const JournalEntry& entry : entries) {
    if (entry.piece == index) {
      plan.set(entry.range, entry.here ? Holding::here : Holding::missing, entry.here ? k_from_before : k_nobody);
    }
  }
  std::vector<ByteRange> out;
  for (const Segment& segment : plan.segments()) {
    if (segment.holding == Holding::here) out.push_back(segment.range);
  }
  return out;
}

}  // namespace

Result<Resumed> Resumed::read(const Fetching& of, Journal::Kind kind) {
  EAI_TRY(auto before, Journal::read(of.journal(), of.id, kind));
  return Resumed(kind, std::move(before));
}

Result<void> Resumed::add(Wanted piece, Left left) {
  const std::size_t index = wanted_.size();
  if (left == Left::used) piece.here = noted_ranges(before_, index, piece.file);
  const bool stays = kind_ == Journal::Kind::leaves && left == Left::used;
  if (piece.here.empty() && !stays) EAI_CHECK(eai::remove_all(piece.file));
  for (const ByteRange& range : piece.here) kept_.push_back({index, range, true});
  wanted_.push_back(std::move(piece));
  return {};
}

Result<Journal> Resumed::begin_journal(const Fetching& of) const {
  return Journal::begin(of.journal(), of.id, kind_, kept_);
}

Wanted wanted_of(const model::PartEntry& part, fs::path file) {
  ipld::Multihash hash{ipld::HashCode::sha2_256, Bytes(part.sha256.begin(), part.sha256.end())};
  return {part.cid, part.file_name, std::move(hash), part.size, part.size_is_exact, std::move(file)};
}

std::uint64_t room_taken_by(const fs::path& folder) {
  std::uint64_t sum = 0;
  std::error_code error;
  for (fs::recursive_directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    struct stat info {};
    if (::lstat(it->path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      sum += static_cast<std::uint64_t>(info.st_blocks) * 512;
    }
  }
  return sum;
}

}  // namespace eai::fetch
