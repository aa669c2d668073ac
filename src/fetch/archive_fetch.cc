#include "fetch/archive_fetch.h"

#include <algorithm>

#include "fetch/resumed.h"
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

ArchiveFetch::ArchiveFetch(ipld::Cid id, fs::path folder, const model::Metadata& metadata, peers::GatewayClient& client,
                           Reporter& reporter, const std::stop_token& stop)
    : id_(std::move(id)),
      folder_(std::move(folder)),
      metadata_(metadata),
      client_(client),
      reporter_(reporter),
      stop_(stop),
      mail_([this] { client_.wake(); }) {
  for (const model::PartEntry& part : metadata.files) {
    if (part.size > 0) parts_.push_back(part);
  }
}

ArchiveFetch::~ArchiveFetch() {
  fetcher_.reset();  // first: its last notes go into the journal
}

Result<void> ArchiveFetch::prepare() {
  EAI_TRY(unpacker_, UnpackWorker::begin(folder_, rules_for(metadata_), parts_.size(), mail_));
  first_ = unpacker_->first_piece();
  EAI_CHECK(make_folders(folder_ / "parts", 0700));
  EAI_TRY(auto before, Journal::read(folder_ / "journal", id_));
  std::vector<JournalEntry> kept;
  std::vector<Wanted> wanted;
  for (const model::PartEntry& part : parts_) {
    const std::size_t index = wanted.size();
    Wanted piece = wanted_of(part, folder_ / "parts" / std::to_string(index));
    if (index >= first_) piece.here = noted_ranges(before, index, piece.file);
    if (piece.here.empty()) EAI_CHECK(eai::remove_all(piece.file));
    for (const ByteRange& range : piece.here) kept.push_back({index, range, true});
    wanted.push_back(std::move(piece));
  }
  EAI_CHECK(check_space());
  EAI_TRY(journal_, Journal::begin(folder_ / "journal", id_, kept));
  fetcher_ = std::make_unique<BlockFetcher>(std::move(wanted), client_, *this);
  return {};
}

Result<void> ArchiveFetch::check_space() const {
  std::uint64_t total = metadata_.total_size();
  std::uint64_t model = total + total / 10;
  std::uint64_t in_flight = 0;
  for (std::size_t index = first_; index < window_end(); ++index) in_flight += parts_[index].size;
  std::uint64_t here = room_taken_by(folder_);
  std::uint64_t needed = model + in_flight - std::min(here, model + in_flight);
  EAI_TRY(std::uint64_t room, free_space(folder_));
  if (needed <= room) return {};
  return fail(Code::io, "too little space in " + folder_.string() + ": the model may take " + human_bytes(model) +
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
  if (all && !unpacking_) reporter_.phase(Progress::Phase::unpacking);
  unpacking_ = all;
  reporter_.show(Clock::now(), verified, received);
}

Result<std::vector<store::StoredFile>> ArchiveFetch::finish() {
  std::stop_callback wake(stop_, [this] { client_.wake(); });
  EAI_CHECK(prepare());
  while (first_ < parts_.size()) {
    if (stop_.stop_requested()) {
      return fail(Code::cancelled, "stopped; what has arrived is kept, and the next run goes on from there");
    }
    EAI_CHECK(fetcher_->advance(first_, window_end()));
    EAI_CHECK(read_mail());
    show();
  }
  return unpacker_->finish();
}

}  // namespace eai::fetch
