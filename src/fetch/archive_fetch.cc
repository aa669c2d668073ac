#include "fetch/archive_fetch.h"

#include <algorithm>

#include "fetch/block_fetcher.h"
#include "fetch/leaf_fetcher.h"
#include "util/text.h"

namespace eai::fetch {
namespace {

// Parts in flight: downloading, waiting to be unpacked, or being unpacked.
constexpr std::size_t k_parts_in_flight = 3;
constexpr std::uint64_t k_small_parts_in_flight = 64 * k_mib;
constexpr std::size_t k_most_in_flight = 32;  // each is an open file
constexpr std::uint64_t k_segment = 16 * k_mib;
constexpr std::uint64_t k_segments_in_flight = 48 * k_mib;  // one more may wait for its checkpoint
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

ArchiveFetch::ArchiveFetch(Fetching of, const Trees* trees) : of_(std::move(of)), mail_([this] { of_.client.wake(); }) {
  for (std::size_t i = 0; i < of_.metadata.files.size(); ++i) {
    const model::PartEntry& part = of_.metadata.files[i];
    if (part.size == 0) continue;
    if (trees != nullptr)
      cut(part, trees->leaves[i]);
    else
      pieces_.push_back(wanted_of(part, of_.folder / "parts" / std::to_string(pieces_.size())));
  }
}

// A part becomes segments.
void ArchiveFetch::cut(const model::PartEntry& part, const std::shared_ptr<const ipld::LeafTable>& table) {
  const ipld::LeafTable& leaves = *table;
  for (std::size_t first = 0; first < leaves.count();) {
    std::size_t end = first + 1;
    while (end < leaves.count() && leaves.range(end).end - leaves.range(first).begin <= k_segment) ++end;
    const fs::path file = of_.folder / "parts" / ("segment-" + std::to_string(pieces_.size()));
    stretches_.push_back({table, first, end, part.cid, part.file_name, file});
    pieces_.push_back(
        {.cid = part.cid, .name = part.file_name, .hash = {}, .size = stretches_.back().size(), .file = file});
    first = end;
  }
}

ArchiveFetch::~ArchiveFetch() {
  fetcher_.reset();  // first: its last notes go into the journal
}

// Other pieces than those of the run before: what was unpacked of them says nothing about these.
Result<void> ArchiveFetch::forget_another_way(Journal::Kind kind) {
  EAI_TRY(const auto before, Journal::kind_at(of_.journal(), of_.id));
  if (!before || *before == kind) return {};
  EAI_CHECK(eai::remove_all(of_.folder / "parts"));
  return UnpackWorker::forget(of_.folder);
}

Result<void> ArchiveFetch::prepare(Effect effect) {
  const auto kind = stretches_.empty() ? Journal::Kind::hints : Journal::Kind::leaves;
  EAI_CHECK(forget_another_way(kind));
  EAI_TRY(unpacker_, UnpackWorker::begin(of_.folder, rules_for(of_.metadata), pieces_.size(), mail_));
  first_ = unpacker_->first_piece();
  EAI_CHECK(make_folders(of_.folder / "parts", 0700));
  EAI_TRY(Resumed resumed, Resumed::read(of_, kind));
  for (const Wanted& piece : pieces_)
    EAI_CHECK(resumed.add(piece, resumed.size() < first_ ? Left::dropped : Left::used));
  if (effect == Effect::written) EAI_CHECK(check_space());
  EAI_TRY(journal_, resumed.begin_journal(of_));
  if (stretches_.empty()) {
    fetcher_ = std::make_unique<BlockFetcher>(resumed.take(), of_.client, *this);
    return {};
  }
  std::vector<std::vector<ByteRange>> here;
  for (Wanted& piece : resumed.take()) here.push_back(std::move(piece.here));
  EAI_TRY(fetcher_, LeafFetcher::start(stretches_, std::move(here), of_.client, *this));
  return {};
}

Result<void> ArchiveFetch::check_space() const {
  std::uint64_t total = of_.metadata.total_size();
  std::uint64_t model = total + total / 10;
  std::uint64_t in_flight = 0;
  for (std::size_t index = first_; index < window_end(); ++index) in_flight += pieces_[index].size;
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
  const std::uint64_t limit = stretches_.empty() ? k_small_parts_in_flight : k_segments_in_flight;
  while (end < pieces_.size()) {
    bytes += pieces_[end].size;
    if (end - first_ >= k_most_in_flight || (end - first_ >= k_parts_in_flight && bytes > limit)) break;
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

ArchiveFetch::Count ArchiveFetch::count() const {
  Count out;
  for (std::size_t index = 0; index < pieces_.size(); ++index) {
    const bool proven = index < first_ || fetcher_->proven(index);
    const std::uint64_t here = proven ? pieces_[index].size : fetcher_->bytes_here(index);
    if (proven || !stretches_.empty()) out.verified += here;
    out.received += here;
  }
  return out;
}

void ArchiveFetch::show() {
  const Count now = count();
  bool all = true;
  for (std::size_t index = first_; index < pieces_.size(); ++index) all &= fetcher_->proven(index);
  if (all && !unpacking_) of_.reporter.phase(Progress::Phase::unpacking);
  unpacking_ = all;
  of_.reporter.show(Clock::now(), now.verified, now.received);
}

Result<Fetched> ArchiveFetch::finish() {
  std::stop_callback wake(of_.stop, [this] { of_.client.wake(); });
  EAI_CHECK(prepare(Effect::written));
  of_.reporter.begin_parts(count().verified, count().received);
  while (first_ < pieces_.size()) {
    if (of_.stop.stop_requested()) {
      return fail(Code::cancelled, "stopped; what has arrived is kept, and the next run goes on from there");
    }
    EAI_CHECK(fetcher_->advance(first_, window_end()));
    EAI_CHECK(read_mail());
    show();
  }
  return unpacker_->finish();
}

Result<std::uint64_t> ArchiveFetch::missing() {
  EAI_CHECK(prepare(Effect::found));
  const std::uint64_t total = of_.metadata.total_size();
  return total - std::min(total, count().received);
}

}  // namespace eai::fetch
