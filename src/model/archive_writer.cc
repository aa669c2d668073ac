#include "model/archive_writer.h"

#include <algorithm>
#include <cstring>
#include <set>

#include <isa-l/crc.h>
#include <isa-l/igzip_lib.h>
#include <zlib.h>

namespace eai::model {
namespace {

constexpr std::size_t k_tar_block = 512;
constexpr std::uint64_t k_octal_limit = 1ULL << 33;  // eleven octal digits
constexpr std::size_t k_stored_limit = 65535;
constexpr std::size_t k_sample = 64 * k_kib;

struct UstarHeader {
  char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], checksum[8], type;
  char link[100], magic[6], version[2], owner[32], group[32], major[8], minor[8], prefix[155], pad[12];
};
static_assert(sizeof(UstarHeader) == k_tar_block);

template <std::size_t N>
void put_octal(char (&field)[N], std::uint64_t value) {
  for (std::size_t i = N - 1; i-- > 0; value >>= 3) field[i] = static_cast<char>('0' + (value & 7));
}

// For numbers that octal digits cannot hold: the first bit is set, and big-endian bytes follow.
void put_size(UstarHeader& header, std::uint64_t size) {
  if (size < k_octal_limit) return put_octal(header.size, size);
  for (std::size_t i = sizeof(header.size); i-- > 0; size >>= 8) header.size[i] = static_cast<char>(size & 0xff);
  header.size[0] = static_cast<char>(0x80);
}

Result<void> put_name(UstarHeader& header, std::string_view name) {
  if (name.size() <= sizeof(header.name)) {
    name.copy(header.name, sizeof(header.name));
    return {};
  }
  // "prefix/name", cut at the first '/' after which few enough bytes follow.
  for (std::size_t cut = name.find('/'); cut != name.npos && cut <= sizeof(header.prefix);
       cut = name.find('/', cut + 1)) {
    if (cut + 1 == name.size() || name.size() - cut - 1 > sizeof(header.name)) continue;
    name.copy(header.prefix, cut);
    name.substr(cut + 1).copy(header.name, sizeof(header.name));
    return {};
  }
  return fail(Code::invalid, "the name " + std::string(name) + " is too long for an archive (100 bytes)");
}

Result<Bytes> tar_header(std::string_view name, std::uint64_t size, char type) {
  UstarHeader header{};
  EAI_CHECK(put_name(header, name));
  put_octal(header.mode, type == '5' ? 0755 : 0644);
  put_octal(header.uid, 0);
  put_octal(header.gid, 0);
  put_size(header, size);
  put_octal(header.mtime, 0);
  header.type = type;
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  std::memset(header.checksum, ' ', sizeof(header.checksum));
  Bytes out(k_tar_block);
  std::memcpy(out.data(), &header, k_tar_block);
  std::uint64_t sum = 0;
  for (std::uint8_t byte : out) sum += byte;
  char digits[7] = {};
  put_octal(digits, sum);
  std::memcpy(out.data() + offsetof(UstarHeader, checksum), digits, sizeof(digits));
  return out;
}

std::uint64_t padding_of(std::uint64_t size) { return (k_tar_block - size % k_tar_block) % k_tar_block; }

void append_le32(Bytes& out, std::uint64_t value) {
  for (int i = 0; i < 4; ++i) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

void store(ByteView raw, Bytes& out) {
  out.clear();
  while (!raw.empty()) {
    const std::size_t size = std::min(raw.size(), k_stored_limit);
    const auto low = static_cast<std::uint8_t>(size), high = static_cast<std::uint8_t>(size >> 8);
    const std::uint8_t head[] = {0, low, high, static_cast<std::uint8_t>(~low), static_cast<std::uint8_t>(~high)};
    out.insert(out.end(), std::begin(head), std::end(head));
    out.insert(out.end(), raw.begin(), raw.begin() + static_cast<std::ptrdiff_t>(size));
    raw = raw.subspan(size);
  }
}

}  // namespace

void TarPlan::add(Segment segment) {
  if (segment.size == 0) return;
  segment.begin = size_;
  size_ += segment.size;
  segments_.push_back(std::move(segment));
}

Result<TarPlan> TarPlan::make(const std::string& folder, std::vector<TarFile> files) {
  std::sort(files.begin(), files.end(), [](const TarFile& a, const TarFile& b) { return a.name < b.name; });
  TarPlan plan;
  std::set<std::string> folders;
  auto add_header = [&](const std::string& name, std::uint64_t size, char type) -> Result<void> {
    EAI_TRY(Bytes header, tar_header(name, size, type));
    plan.add({0, k_tar_block, std::move(header)});
    return {};
  };
  for (std::size_t i = 0; i < files.size(); ++i) {
    const std::string path = folder + "/" + files[i].name;
    for (std::size_t cut = path.find('/'); cut != path.npos; cut = path.find('/', cut + 1)) {
      const std::string parent = path.substr(0, cut + 1);
      if (folders.insert(parent).second) EAI_CHECK(add_header(parent, 0, '5'));
    }
    EAI_CHECK(add_header(path, files[i].size, '0'));
    plan.add({0, files[i].size, {}, i});
    plan.add({0, padding_of(files[i].size), {}});
  }
  plan.add({0, 2 * k_tar_block, {}});
  plan.files_ = std::move(files);
  return plan;
}

Result<void> TarPlan::fill(std::uint64_t offset, std::span<std::uint8_t> into, const ReadFile& read) const {
  auto at = std::upper_bound(segments_.begin(), segments_.end(), offset,
                             [](std::uint64_t value, const Segment& s) { return value < s.begin; });
  --at;
  while (!into.empty()) {
    const std::uint64_t inside = offset - at->begin;
    const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), at->size - inside));
    const auto piece = into.first(size);
    if (at->file != k_no_file) {
      EAI_CHECK(read(at->file, inside, piece));
    } else {
      std::fill(piece.begin(), piece.end(), std::uint8_t{0});
      if (inside < at->literal.size()) {
        const std::size_t known = std::min(size, at->literal.size() - static_cast<std::size_t>(inside));
        std::copy_n(at->literal.begin() + static_cast<std::ptrdiff_t>(inside), known, piece.begin());
      }
    }
    into = into.subspan(size);
    offset += size;
    ++at;
  }
  return {};
}

BlockPacker::BlockPacker() : level_buffer_(ISAL_DEF_LVL1_EXTRA_LARGE), sample_(2 * k_sample) {}
BlockPacker::~BlockPacker() = default;

std::size_t BlockPacker::deflate(ByteView raw, std::span<std::uint8_t> into) {
  isal_zstream stream;
  isal_deflate_init(&stream);
  stream.level = 1;
  stream.level_buf = level_buffer_.data();
  stream.level_buf_size = static_cast<std::uint32_t>(level_buffer_.size());
  stream.flush = FULL_FLUSH;
  stream.next_in = const_cast<std::uint8_t*>(raw.data());  // it is only read
  stream.avail_in = static_cast<std::uint32_t>(raw.size());
  stream.next_out = into.data();
  stream.avail_out = static_cast<std::uint32_t>(into.size());
  const int status = isal_deflate(&stream);
  // If there is no room, it grew, which counts as "does not shrink".
  if (status != COMP_OK || stream.avail_in != 0 || stream.avail_out == 0) return SIZE_MAX;
  return stream.total_out;
}

void BlockPacker::pack(ByteView raw, PackedBlock& into) {
  into.raw_size = raw.size();
  into.crc = crc32_gzip_refl(0, raw.data(), raw.size());
  const std::size_t sample = std::min(raw.size(), k_sample);
  const std::size_t sampled = deflate(raw.subspan((raw.size() - sample) / 2, sample), sample_);
  into.stored = sampled == SIZE_MAX || sampled + sample / 25 >= sample;
  if (!into.stored) {
    into.bytes.resize(raw.size() + k_kib);
    const std::size_t size = deflate(raw, into.bytes);
    into.stored = size >= raw.size();
    if (!into.stored) into.bytes.resize(size);
  }
  if (into.stored) store(raw, into.bytes);
}

Result<void> BlockPacker::pack(const TarPlan& plan, std::uint64_t offset, const TarPlan::ReadFile& read,
                               PackedBlock& into) {
  raw_.resize(static_cast<std::size_t>(std::min<std::uint64_t>(k_pack_block, plan.size() - offset)));
  EAI_CHECK(plan.fill(offset, raw_, read));
  pack(raw_, into);
  return {};
}

Bytes gzip_head() { return {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}; }

void GzipTail::add(const PackedBlock& block) {
  crc_ = static_cast<std::uint32_t>(crc32_combine(crc_, block.crc, static_cast<long>(block.raw_size)));
  size_ += block.raw_size;
}

Bytes GzipTail::finish() const {
  Bytes out{3, 0};  // a last, empty deflate block
  append_le32(out, crc_);
  append_le32(out, size_);
  return out;
}

}  // namespace eai::model
