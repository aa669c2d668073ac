#include "fetch/block_fetcher.h"

#include <algorithm>

#include <fcntl.h>

#include "fetch/range_request.h"
#include "util/text.h"

namespace eai::fetch {
namespace {

// A kill may cost 16 MiB per piece; half of that is for what the operating system had not handed over yet.
constexpr std::uint64_t k_unnoted = 8 * k_mib;

}  // namespace

BlockFetcher::BlockFetcher(std::vector<Wanted> wanted, peers::GatewayClient& client, BlockSink& sink)
    : client_(client), sink_(sink), mail_([this] { client_.wake(); }), hasher_(mail_) {
  for (Wanted& piece : wanted) pieces_.emplace_back(std::move(piece));
  auto parallel = static_cast<std::uint64_t>(std::max(1, client.options().parallel_requests));
  note_step_ = std::clamp(k_unnoted / parallel, 64 * k_kib, 512 * k_kib);
}

BlockFetcher::~BlockFetcher() {
  end_requests([](const RangeRequest&) { return true; });
}

std::uint64_t BlockFetcher::bytes_here(std::size_t piece) const {
  const InWork& work = pieces_[piece];
  if (work.plan) return work.plan->bytes_here();
  std::uint64_t sum = 0;
  for (const ByteRange& range : work.wanted.here) sum += range.size();
  return sum;
}

// The next block folder that has the piece; false if there is none.
bool BlockFetcher::take_from_folder(std::size_t index) {
  InWork& work = pieces_[index];
  while (work.next_folder < static_cast<int>(book().size())) {
    int number = work.next_folder++;
    const peers::Source& source = book().source(number);
    if (source.kind != peers::Source::Kind::folder) continue;
    auto block = peers::FolderBlock::open(source.folder, work.wanted.cid);
    if (!block) continue;
    if (work.wanted.size_is_exact && block->size() != work.wanted.size) {
      book().note(number, "has " + work.wanted.name + " with another size");
      continue;
    }
    const std::uint64_t size = block->size();
    work.file = block->file();
    work.block = *std::move(block);
    work.plan.emplace(size);
    work.plan->set({0, size}, Holding::here, number);
    book().got(number, index, size);
    hasher_.extend(index, work.file, 0, size, size);
    return true;
  }
  return false;
}

Result<void> BlockFetcher::use_own_file(std::size_t index) {
  InWork& work = pieces_[index];
  work.block.reset();
  EAI_TRY(UniqueFd file, open_file(work.wanted.file, O_RDWR | O_CREAT | O_NOFOLLOW));
  work.file = std::make_shared<UniqueFd>(std::move(file));
  work.plan.reset();
  if (work.wanted.size_is_exact) return set_size(index, work.wanted.size, k_nobody);
  return {};
}

Result<void> BlockFetcher::begin(std::size_t index) {
  InWork& work = pieces_[index];
  if (work.wanted.hash.code != ipld::HashCode::sha2_256) {
    return fail(Code::unsupported,
                work.wanted.name + " is named by a hash that cannot be checked while its bytes arrive");
  }
  work.begun = true;
  work.generation = hasher_.reset(index);
  if (take_from_folder(index)) return {};
  return use_own_file(index);
}

Result<void> BlockFetcher::set_size(std::size_t index, std::uint64_t size, int source) {
  InWork& work = pieces_[index];
  std::uint64_t about = work.wanted.size;
  std::uint64_t tolerance = std::max(about / 50, k_mib);
  if (size > about + tolerance || size + tolerance < about) {
    return fail(Code::network, "content of " + human_bytes(size) + ", expected about " + human_bytes(about));
  }
  work.plan.emplace(size);
  work.size_from = source;
  for (const ByteRange& range : work.wanted.here) work.plan->set(range, Holding::here, k_from_before);
  work.wanted.here.clear();
  hasher_.extend(index, work.file, work.base(), work.plan->prefix(), size);
  return {};
}

void BlockFetcher::hashed(const HashNews& news) {
  InWork& work = pieces_[news.piece];
  if (news.generation != work.generation || work.proven) return;
  if (!news.sha256) return keep_error(Failure(news.sha256.error()));
  if (!ipld::matches(work.wanted.hash, *news.sha256)) return wrong_bytes(news.piece);
  work.proven = true;
  work.only.reset();
  compare_suspects(news.piece);
  work.file.reset();
  const std::uint64_t begin = work.base();
  fs::path path = work.block ? work.block->path() : work.wanted.file;
  sink_.take(news.piece,
             {std::move(path), {begin, begin + work.plan->size()}, work.wanted.hash, std::move(work.block)});
  work.block.reset();
}

void BlockFetcher::read_mail() {
  for (const HashNews& news : mail_.take()) hashed(news);
}

Result<void> BlockFetcher::advance(std::size_t first, std::size_t end) {
  first_ = first;
  end_ = end;
  Clock::time_point now = Clock::now();
  EAI_CHECK(schedule(now));
  client_.poll(time_to_wait(now));
  read_mail();
  if (error_) return Failure(*error_);
  now = Clock::now();
  if (now - last_tick_ >= std::chrono::milliseconds(100)) {
    book().tick(now);
    last_tick_ = now;
  }
  return {};
}

}  // namespace eai::fetch
