#include "ipld/car_index.h"

#include <algorithm>
#include <array>

#include "ipld/car.h"
#include "ipld/varint.h"

namespace eai::ipld {
namespace {

// Content is found by its multihash, whatever version and codec a CID has.
Cid key_of(const Cid& cid) { return Cid::v1(Codec::raw, cid.hash()); }

constexpr std::array<std::uint8_t, 11> k_v2_pragma = {0x0a, 0xa1, 0x67, 'v', 'e', 'r', 's', 'i', 'o', 'n', 0x02};
constexpr std::uint64_t k_v2_header = 40;  // characteristics (16), then offset and size of the data, and of the index
constexpr std::uint64_t k_head = 9 + k_cid_limit;  // the most that comes before a block

std::uint64_t little_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 8; i > 0; --i) value = value << 8 | bytes[i - 1];
  return value;
}

Failure cut_off() { return fail(Code::corrupt, "the CAR is cut off"); }

// Where in the file the CARv1 lies.
Result<ByteRange> find_data(const CarIndex::ReadAt& read, std::uint64_t file_size) {
  std::array<std::uint8_t, k_v2_pragma.size() + k_v2_header> start{};
  const std::span<std::uint8_t> seen(start.data(), std::min<std::uint64_t>(start.size(), file_size));
  EAI_CHECK(read(0, seen));
  if (seen.size() < k_v2_pragma.size() || !std::equal(k_v2_pragma.begin(), k_v2_pragma.end(), seen.begin()))
    return ByteRange{0, file_size};
  if (seen.size() < start.size()) return cut_off();
  const ByteView header = ByteView(start).subspan(k_v2_pragma.size());
  const std::uint64_t offset = little_endian(header.subspan(16)), size = little_endian(header.subspan(24));
  if (offset < start.size() || offset > file_size || size > file_size - offset)
    return fail(Code::invalid, "not a usable CARv2: its data lies outside of the file");
  return ByteRange{offset, offset + size};
}

}  // namespace

Result<CarIndex> CarIndex::read(const ReadAt& read, std::uint64_t file_size, std::size_t most) {
  EAI_TRY(const ByteRange data, find_data(read, file_size));
  CarIndex out;
  Bytes head(k_head);
  bool has_header = false;
  for (std::uint64_t at = data.begin; at < data.end;) {
    const std::span<std::uint8_t> seen(head.data(), std::min<std::uint64_t>(head.size(), data.end - at));
    EAI_CHECK(read(at, seen));
    ByteView rest(seen);
    const auto size = take_varint(rest);
    if (!size && !has_header) return fail(Code::invalid, "not a CAR");
    if (!size) return cut_off();
    at += seen.size() - rest.size();
    if (*size == 0 || *size > (has_header ? k_block_limit + k_cid_limit : k_car_header_limit))
      return fail(Code::invalid, "not a CAR: it has a section of " + std::to_string(*size) + " bytes");
    if (*size > data.end - at) return has_header ? cut_off() : fail(Code::invalid, "not a CAR");
    const std::uint64_t end = at + *size;
    if (!has_header) {
      Bytes header(*size);
      EAI_CHECK(read(at, header));
      EAI_TRY(out.roots_, parse_car_header(header));
      has_header = true;
    } else {
      std::size_t cid_size = 0;
      EAI_TRY(Cid cid, Cid::from_bytes(rest.first(std::min<std::uint64_t>(rest.size(), *size)), &cid_size));
      if (out.places_.size() == most) return fail(Code::invalid, "the CAR has too many blocks");
      if (out.places_.emplace(key_of(cid), ByteRange{at + cid_size, end}).second) out.bytes_ += *size - cid_size;
    }
    at = end;
  }
  if (!has_header) return fail(Code::invalid, "not a CAR: it ends before its header does");
  return out;
}

std::optional<ByteRange> CarIndex::find(const Cid& cid) const {
  const auto found = places_.find(key_of(cid));
  return found == places_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace eai::ipld
