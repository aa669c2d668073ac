#include "fetch/run.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fetch/range_request.h"
#include "util/log.h"
#include "util/text.h"

namespace eai::fetch {
namespace {

// Parts in flight: downloading, waiting to be unpacked, or being unpacked.
constexpr std::size_t k_parts_in_flight = 3;
constexpr std::uint64_t k_small_parts_in_flight = 64 * k_mib;
// Of the 16 MiB per part that a kill may cost; the rest is for what the operating system had not handed over yet.
constexpr std::uint64_t k_unnoted = 8 * k_mib;
// A bomb ends here: weights do not shrink to less than a sixteenth.
constexpr std::uint64_t k_most_growth = 16;

model::UnpackRules rules_for(const model::Metadata& metadata) {
  model::UnpackRules rules;
  rules.folder_name = metadata.folder_name;
  rules.task = metadata.task;
  rules.output_limit = metadata.total_size() * k_most_growth + 64 * k_mib;
  return rules;
}

fs::path part_path(const fs::path& folder, std::size_t index) { return folder / "parts" / std::to_string(index); }

std::uint64_t bytes_in(const fs::path& folder) {
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

// What of a part's file an earlier run noted and is there.
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

Run::Run(ipld::Cid id, fs::path folder, const model::Metadata& metadata, SourceBook& book, const Options& options,
         Meter& meter, const std::stop_token& stop)
    : id_(std::move(id)),
      folder_(std::move(folder)),
      metadata_(metadata),
      book_(book),
      options_(options),
      meter_(meter),
      stop_(stop),
      mail_([this] { transfers_.wake(); }) {
  for (const model::PartEntry& part : metadata.files) {
    PieceWork& work = pieces_.emplace_back(Piece{part.cid, part.file_name, part.sha256, part.size, part.size_is_exact});
    work.path = part_path(folder_, pieces_.size() - 1);
  }
  auto parallel = static_cast<std::uint64_t>(std::max(1, options.parallel_requests));
  note_step_ = std::clamp(k_unnoted / parallel, 64 * k_kib, 512 * k_kib);
}

Run::~Run() {
  end_requests([](const RangeRequest&) { return true; });
}

Result<void> Run::prepare() {
  wake_on_stop_.emplace(stop_, [this] { transfers_.wake(); });
  EAI_TRY(unpacker_, UnpackWorker::begin(folder_, rules_for(metadata_), pieces_.size(), mail_));
  first_ = unpacker_->first_piece();
  hasher_ = std::make_unique<PieceHasher>(mail_);
  EAI_CHECK(make_folders(folder_ / "parts", 0700));
  EAI_TRY(auto before, Journal::read(folder_ / "journal", id_));
  std::vector<JournalEntry> kept;
  for (std::size_t index = 0; index < pieces_.size(); ++index) {
    PieceWork& work = pieces_[index];
    if (index >= first_) work.from_before = noted_ranges(before, index, work.path);
    if (work.from_before.empty()) EAI_CHECK(eai::remove_all(work.path));
    for (const ByteRange& range : work.from_before) kept.push_back({index, range, true});
  }
  EAI_CHECK(check_space());
  EAI_TRY(journal_, Journal::begin(folder_ / "journal", id_, kept));
  return {};
}

Result<void> Run::check_space() const {
  std::uint64_t total = metadata_.total_size();
  std::uint64_t model = total + total / 10;
  std::uint64_t in_flight = 0;
  for (std::size_t index = first_; index < window_end(); ++index) in_flight += pieces_[index].piece.size;
  std::uint64_t here = bytes_in(folder_);
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

std::size_t Run::window_end() const {
  std::size_t end = first_;
  std::uint64_t bytes = 0;
  while (end < pieces_.size()) {
    bytes += pieces_[end].piece.size;
    if (end - first_ >= k_parts_in_flight && bytes > k_small_parts_in_flight) break;
    ++end;
  }
  return end;
}

// The next block folder that has the piece; false if there is none.
bool Run::take_from_folder(std::size_t index) {
  PieceWork& work = pieces_[index];
  while (work.next_folder < static_cast<int>(book_.size())) {
    int number = work.next_folder++;
    if (book_.source(number).kind != Source::Kind::folder) continue;
    fs::path path = book_.source(number).folder / work.piece.cid.str();
    auto file = open_file(path, O_RDONLY);
    struct stat info {};
    if (!file || ::fstat(file->get(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    auto size = static_cast<std::uint64_t>(info.st_size);
    if (work.piece.size_is_exact && size != work.piece.size) {
      book_.note(number, "has " + work.piece.name + " in another size");
      continue;
    }
    work.path = path;
    work.ours = false;
    work.file = std::make_shared<UniqueFd>(std::move(*file));
    work.plan.emplace(size);
    work.plan->set({0, size}, Holding::here, number);
    book_.got(number, index, size);
    hasher_->extend(index, work.file, size, size);
    return true;
  }
  return false;
}

Result<void> Run::use_ours(std::size_t index) {
  PieceWork& work = pieces_[index];
  work.path = part_path(folder_, index);
  work.ours = true;
  EAI_TRY(UniqueFd file, open_file(work.path, O_RDWR | O_CREAT | O_NOFOLLOW));
  work.file = std::make_shared<UniqueFd>(std::move(file));
  work.plan.reset();
  if (work.piece.size_is_exact) return set_size(index, work.piece.size, k_nobody);
  return {};
}

Result<void> Run::begin(std::size_t index) {
  PieceWork& work = pieces_[index];
  work.begun = true;
  work.generation = hasher_->reset(index);
  if (take_from_folder(index)) return {};
  return use_ours(index);
}

Result<void> Run::set_size(std::size_t index, std::uint64_t size, int source) {
  PieceWork& work = pieces_[index];
  std::uint64_t about = work.piece.size;
  std::uint64_t tolerance = std::max(about / 50, k_mib);
  if (size > about + tolerance || size + tolerance < about) {
    return fail(Code::network, "content of " + human_bytes(size) + ", expected about " + human_bytes(about));
  }
  work.plan.emplace(size);
  work.size_from = source;
  for (const ByteRange& range : work.from_before) work.plan->set(range, Holding::here, k_from_before);
  work.from_before.clear();
  hasher_->extend(index, work.file, work.plan->prefix(), size);
  return {};
}

void Run::hashed(const HelperNews& news) {
  PieceWork& work = pieces_[news.piece];
  if (news.generation != work.generation || work.proven) return;
  if (news.sha256 != work.piece.sha256) return wrong_bytes(news.piece);
  work.proven = true;
  work.only.reset();
  compare_suspects(news.piece);
  work.file.reset();
  unpacker_->give(news.piece, {work.path, work.plan->size(), work.ours, work.piece.sha256});
}

Result<void> Run::read_mail() {
  for (HelperNews& news : mail_.take()) {
    switch (news.kind) {
      case HelperNews::Kind::hashed:
        hashed(news);
        break;
      case HelperNews::Kind::unpacked:
        first_ = std::max(first_, news.piece);
        break;
      case HelperNews::Kind::failed:
        return Failure(std::move(news.error));
    }
  }
  if (error_) return Failure(*error_);
  return {};
}

void Run::show(Clock::time_point now) {
  std::uint64_t verified = 0;
  std::uint64_t received = 0;
  for (std::size_t index = 0; index < pieces_.size(); ++index) {
    const PieceWork& work = pieces_[index];
    bool proven = index < first_ || work.proven;
    if (proven) verified += work.piece.size;
    received += proven ? work.piece.size : work.plan ? work.plan->bytes_here() : 0;
  }
  if (now - last_tick_ >= std::chrono::milliseconds(100)) {
    book_.tick(now);
    last_tick_ = now;
  }
  bool all = std::all_of(pieces_.begin() + static_cast<std::ptrdiff_t>(first_), pieces_.end(),
                         [](const PieceWork& work) { return work.proven; });
  if (all && !unpacking_) meter_.phase(Progress::Phase::unpacking);
  unpacking_ = all;
  meter_.show(now, verified, received);
}

Result<std::vector<store::StoredFile>> Run::finish() {
  EAI_CHECK(prepare());
  while (first_ < pieces_.size()) {
    if (stop_.stop_requested()) {
      return fail(Code::cancelled, "stopped; what has arrived is kept, and the next run goes on from there");
    }
    Clock::time_point now = Clock::now();
    EAI_CHECK(schedule(now));
    transfers_.poll(time_to_wait(now));
    EAI_CHECK(read_mail());
    show(Clock::now());
  }
  return unpacker_->finish();
}

}  // namespace eai::fetch
