#include "library/import.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

#include "ipld/unixfs.h"
#include "peers/block_folder.h"
#include "util/text.h"

namespace eai::library {
namespace {

constexpr std::size_t k_most_entries = 1'000'000;  // of a folder, that are looked at

// The metadata of a model are one small raw block.
bool is_metadata(const peers::Source& source, const ipld::Cid& cid) {
  if (cid.codec() != ipld::Codec::raw) return false;
  const auto block = peers::FolderBlock::open(source, cid);
  if (!block) return false;
  const auto bytes = block->read(model::k_metadata_limit);
  return bytes && bytes->size() > 1 && bytes->front() == '{' && ipld::verify_content(cid, *bytes) &&
         model::parse_metadata(*bytes);
}

// One that can get a name later, where the system has such.
Result<UniqueFd> nameless_file(const fs::path& folder) {
#ifdef O_TMPFILE
  if (UniqueFd file(::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600)); file) return file;
#endif
  std::string name = (folder / "import-XXXXXX").string();
  UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
  if (!file) return fail_errno("making a file in " + folder.string(), errno);
  ::unlink(name.c_str());
  return file;
}

void add(std::vector<ipld::Cid>& into, const ipld::Cid& cid) {
  if (std::ranges::find(into, cid) == into.end()) into.push_back(cid);
}

}  // namespace

Result<std::vector<ipld::Cid>> models_in(const fs::path& path, const std::string& label) {
  peers::Sources named;
  named.others.push_back(path.string());
  EAI_TRY(const auto sources, peers::make_sources(named, {.offline = true}));
  std::vector<ipld::Cid> out;
  for (const peers::Source& source : sources) {
    if (source.car) {
      for (const ipld::Cid& root : source.car->index.roots())
        if (is_metadata(source, root)) add(out, root);
      continue;
    }
    if (source.kind != peers::Source::Kind::folder) continue;
    std::error_code error;
    std::size_t seen = 0;
    for (fs::directory_iterator it(source.folder, error), end; !error && it != end; it.increment(error)) {
      if (++seen > k_most_entries) break;
      const auto cid = ipld::Cid::parse(it->path().filename().string());
      if (cid && is_metadata(source, *cid)) add(out, *cid);
    }
  }
  if (!out.empty()) return out;
  if (sources.size() == 1 && sources.front().kind == peers::Source::Kind::file) {
    // It was not taken for a CAR, and this says why.
    if (const auto car = peers::CarFile::open(path); !car)
      return fail(car.error().code, label + ": " + car.error().message);
  }
  return fail(Code::invalid,
              label + " has no model: neither a CAR whose root is a model's metadata nor a block that is");
}

Result<Spool> Spool::read(int from, const fs::path& folder, const std::stop_token& stop) {
  EAI_TRY(UniqueFd file, nameless_file(folder));
  Bytes piece(k_mib);
  while (true) {
    if (stop.stop_requested()) return fail(Code::cancelled, "interrupted");
    const ssize_t got = ::read(from, piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("reading the standard input", errno);
    if (got == 0) break;
    if (auto written = write_all(file.get(), ByteView(piece).first(static_cast<std::size_t>(got))); !written)
      return Failure(std::move(written).error().with("keeping what comes in " + folder.string()));
  }
  fs::path path = "/dev/fd/" + std::to_string(file.get());
  return Spool(std::move(file), std::move(path));
}

}  // namespace eai::library
