#include "ipld/car.h"

#include "ipld/dag_cbor.h"
#include "ipld/hash.h"
#include "ipld/varint.h"

namespace eai::ipld {
namespace {

Result<std::vector<Cid>> read_header(ByteView bytes) {
  DagCborReader cbor(bytes);
  std::vector<Cid> roots;
  std::uint64_t version = 0;
  EAI_TRY(const CborItem map, cbor.next(CborKind::map));
  for (std::uint64_t i = 0; i < map.number; ++i) {
    EAI_TRY(const CborItem key, cbor.next(CborKind::text));
    if (text_of(key.bytes) == "version") {
      EAI_TRY(const CborItem value, cbor.next(CborKind::positive));
      version = value.number;
    } else if (text_of(key.bytes) == "roots") {
      EAI_TRY(const CborItem list, cbor.next(CborKind::list));
      for (std::uint64_t k = 0; k < list.number; ++k) {
        EAI_TRY(const CborItem link, cbor.next(CborKind::link));
        EAI_TRY(Cid root, cid_of(link));
        roots.push_back(std::move(root));
      }
    } else {
      return fail(Code::invalid, "its header has an unknown field");
    }
  }
  EAI_CHECK(cbor.finish());
  if (version == 2) return fail(Code::unsupported, "a CARv2 file; only CARv1 is read");
  if (version != 1) return fail(Code::invalid, "its version is " + std::to_string(version));
  return roots;
}

}  // namespace

Result<std::vector<Cid>> parse_car_header(ByteView bytes) {
  auto roots = read_header(bytes);
  if (!roots && roots.error().code == Code::invalid) return Failure(std::move(roots).error().with("not a CARv1"));
  return roots;
}

Bytes car_header(const std::vector<Cid>& roots) {
  Bytes cbor;
  append_cbor_head(cbor, CborKind::map, 2);
  append_cbor_text(cbor, "roots");
  append_cbor_head(cbor, CborKind::list, roots.size());
  for (const Cid& root : roots) append_cbor_link(cbor, root);
  append_cbor_text(cbor, "version");
  append_cbor_head(cbor, CborKind::positive, 1);
  Bytes out;
  append_varint(out, cbor.size());
  out.insert(out.end(), cbor.begin(), cbor.end());
  return out;
}

Bytes car_section_head(const Cid& cid, std::uint64_t block_size) {
  const Bytes bytes = cid.bytes();
  Bytes out;
  append_varint(out, bytes.size() + block_size);
  out.insert(out.end(), bytes.begin(), bytes.end());
  return out;
}

Bytes write_car(const std::vector<Cid>& roots, const std::vector<Block>& blocks) {
  Bytes out = car_header(roots);
  for (const Block& block : blocks) {
    const Bytes head = car_section_head(block.cid, block.bytes.size());
    out.insert(out.end(), head.begin(), head.end());
    out.insert(out.end(), block.bytes.begin(), block.bytes.end());
  }
  return out;
}

Result<bool> CarReader::take_one() {
  ByteView rest = ByteView(pending_).subspan(used_);
  const std::size_t before = rest.size();
  auto size = take_varint(rest);
  if (!size) {
    if (before < 9) return false;  // it may only be cut off
    return Failure(std::move(size).error().with("not a CAR"));
  }
  const std::uint64_t limit = have_header_ ? k_block_limit + k_cid_limit : k_car_header_limit;
  if (*size == 0 || *size > limit)
    return fail(Code::invalid, "not a CAR: it has a section of " + std::to_string(*size) + " bytes");
  if (rest.size() < *size) return false;
  const ByteView section = rest.first(static_cast<std::size_t>(*size));
  used_ += before - rest.size() + section.size();
  if (!have_header_) {
    EAI_TRY(roots_, parse_car_header(section));
    have_header_ = true;
    return true;
  }
  std::size_t cid_size = 0;
  EAI_TRY(const Cid cid, Cid::from_bytes(section, &cid_size));
  const ByteView block = section.subspan(cid_size);
  if (auto good = verify(cid.hash(), block); !good) {
    return Failure(std::move(good).error().with("block " + cid.str()));
  }
  EAI_CHECK(on_block_(cid, block));
  return true;
}

Result<void> CarReader::feed(ByteView bytes) {
  pending_.insert(pending_.end(), bytes.begin(), bytes.end());
  for (bool more = true; more;) {
    EAI_TRY(more, take_one());
  }
  pending_.erase(pending_.begin(), pending_.begin() + static_cast<std::ptrdiff_t>(used_));
  used_ = 0;
  return {};
}

Result<void> CarReader::finish() {
  if (!have_header_) return fail(Code::invalid, "not a CAR: it ends before its header does");
  if (!pending_.empty()) return fail(Code::corrupt, "the CAR is cut off inside a block");
  return {};
}

}  // namespace eai::ipld
