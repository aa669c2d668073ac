#include "fetch/archive_fetch.h"

#include <algorithm>

#include "util/text.h"

namespace eai::fetch {
namespace {

// Parts in flight: downloading, waiting to be unpacked, or being unpacked.
constexpr std::size_t k_parts_in_flight = 3;
constexpr std::uint64_t k_small_parts_in_flight = 64 * k_mib;
// A bomb ends here: weights do not shrink to less than a sixteenth.
constexpr std::uint64_t k_most_growth = 16;

model::UnpackRules rules_for(const model::Metadata& metadata) {
  model::UnpackRules rules;
  rules.folder_name = metadata.folder_name;
  rules.task = metadata.task;
  rules.output_limit = metadata.total_size() * k_most_growth + 64 * k_mib;
  return rules;
}

}  // namespace

ArchiveFetch::ArchiveFetch(Fetching of) : of_(std::move(of)), mail_([this] { of_.client.wake(); }) {
  for (const model::PartEntry& part : of_.metadata.files) {
    if (part.size > 0) parts_.push_back(part);
  }
}

ArchiveFetch::~ArchiveFetch() {
  fetcher_.reset();  // first: its last notes go into the journal
}

Result<void> ArchiveFetch::prepare() {
  EAI_TRY(unpacker_, UnpackWorker::begin(of_.folder, rules_for(of_.metadata), parts_.size(), mail_));
  first_ = unpacker_->first_piece();
  EAI_CHECK(make_folders(of_.folder / "parts", 0700));
  EAI_TRY(Resumed pieces, Resumed::read(of_));
  for (const model::PartEntry& part : parts_) {
    const std::size_t index = pieces.size();
    Wanted piece = wanted_of(part, of_.folder / "parts" / std::to_string(index));
    EAI_CHECK(pieces.add(std::move(piece), index < first_ ? Left::dropped : Left::used));
  }
  EAI_CHECK(check_space());
  EAI_TRY(journal_, pieces.begin_journal(of_));
  fetcher_ = std::make_unique<BlockFetcher>(pieces.take(), of_.client, *this);
  return {};
}

Result<void> ArchiveFetch::check_space() const {
  std::uint64_t total = of_.metadata.total_size();
  std::uint64_t model = total + total / 10;
  std::uint64_t in_flight = 0;
  for (std::size_t index = first_; index < window_end(); ++index) in_flight += parts_[index].size;
  std::uint64_t here = room_taken_by(of_.folder);
  std::uint64_t needed = model + in_flight - std::min(here, model + in_flight);
  EAI_TRY(std::uint64_t room, free_space(of_.folder));
  if (needed <= room) return {};
  return fail(Code::io, "too little space in " + of_.folder.string() + ": the model may take " + human_bytes(model) +
                            " (its parts are " + human_bytes(total) + ") and parts in flight " +
                            human_bytes(in_flight) + ", of which " + human_bytes(here) +
                            " are here already; that leaves " + human_bytes(needed) + " to find, and " +
                            human_bytes(room) + " are free: free " + human_bytes(needed - room) +
                            " or set EAI_HOME to another disk");
}

std::size_t ArchiveFetch::window_end() const {
  std::size_t end = first_;
  std::uint64_t bytes = 0;
  while (end < parts_.size()) {
    bytes += parts_[end].size;
    if (end - first_ >= k_parts_in_flight && bytes > k_small_parts_in_flight) break;
    ++end;
  }
  return end;
}

Result<void> ArchiveFetch::note(std::size_t piece, ByteRange range, Noted what) {
  return journal_->add({piece, range, what == Noted::here});
}

void ArchiveFetch::take(std::size_t piece, Proven proven) { unpacker_->give(piece, std::move(proven)); }

Result<void> ArchiveFetch::read_mail() {
  for (Result<std::size_t>& unpacked : mail_.take()) {
    if (!unpacked) return Failure(std::move(unpacked).error());
    first_ = std::max(first_, *unpacked);
  }
  return {};
}

void ArchiveFetch::show() {
  std::uint64_t verified = 0;
  std::uint64_t received = 0;
  bool all = true;
  for (std::size_t index = 0; index < parts_.size(); ++index) {
    const bool proven = index < first_ || fetcher_->proven(index);
    const std::uint64_t size = parts_[index].size;
    if (proven) verified += size;
    received += proven ? size : fetcher_->bytes_here(index);
    all &= proven;
  }
  if (all && !unpacking_) of_.reporter.phase(Progress::Phase::unpacking);
  unpacking_ = all;
  of_.reporter.show(Clock::now(), verified, received);
}

Result<std::vector<store::StoredFile>> ArchiveFetch::finish() {
  std::stop_callback wake(of_.stop, [this] { of_.client.wake(); });
  EAI_CHECK(prepare());
  while (first_ < parts_.size()) {
    if (of_.stop.stop_requested()) {
      return fail(Code::cancelled, "stopped; what has arrived is kept, and the next run goes on from there");
    }
    EAI_CHECK(fetcher_->advance(first_, window_end()));
    EAI_CHECK(read_mail());
    show();
  }
  return unpacker_->finish();
}

}  // namespace eai::fetch
