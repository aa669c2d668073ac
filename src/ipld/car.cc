#include "ipld/car.h"

#include "ipld/hash.h"
#include "ipld/varint.h"

namespace eai::ipld {
namespace {

constexpr std::uint8_t k_cbor_bytes_tag[] = {0xd8, 0x2a};  // tag 42: a CID follows

// The small part of CBOR that a CAR header uses, in its shortest form.
void append_head(Bytes& out, std::uint8_t major, std::size_t value) {
  if (value < 24) {
    out.push_back(static_cast<std::uint8_t>(major << 5 | value));
  } else if (value < 256) {
    out.push_back(static_cast<std::uint8_t>(major << 5 | 24));
    out.push_back(static_cast<std::uint8_t>(value));
  } else {
    out.push_back(static_cast<std::uint8_t>(major << 5 | 25));
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
  }
}
void append_text(Bytes& out, std::string_view text) {
  append_head(out, 3, text.size());
  out.insert(out.end(), text.begin(), text.end());
}

struct Cbor {
  ByteView rest;
  Result<std::uint64_t> head(std::uint8_t major) {
    if (rest.empty() || rest[0] >> 5 != major) return fail(Code::invalid, "not a CAR: its header is malformed");
    const std::uint8_t low = rest[0] & 31U;
    rest = rest.subspan(1);
    if (low < 24) return low;
    const std::size_t width = low == 24 ? 1 : low == 25 ? 2 : 0;
    if (width == 0 || rest.size() < width) return fail(Code::invalid, "not a CAR: its header has a malformed number");
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < width; ++i) value = value << 8 | rest[i];
    rest = rest.subspan(width);
    return value;
  }
  Result<ByteView> body(std::uint8_t major) {
    EAI_TRY(const std::uint64_t size, head(major));
    if (size > rest.size()) return fail(Code::invalid, "not a CAR: its header is cut off");
    const ByteView out = rest.first(static_cast<std::size_t>(size));
    rest = rest.subspan(static_cast<std::size_t>(size));
    return out;
  }
  Result<Cid> link() {
    EAI_TRY(const std::uint64_t tag, head(6));
    EAI_TRY(const ByteView bytes, body(2));
    if (tag != 42 || bytes.empty() || bytes[0] != 0) return fail(Code::invalid, "not a CAR: a root is not a CID");
    return Cid::from_bytes(bytes.subspan(1));
  }
};

}  // namespace

Result<std::vector<Cid>> parse_car_header(ByteView bytes) {
  Cbor cbor{bytes};
  std::vector<Cid> roots;
  std::uint64_t version = 0;
  EAI_TRY(const std::uint64_t pairs, cbor.head(5));
  for (std::uint64_t i = 0; i < pairs; ++i) {
    EAI_TRY(const ByteView key, cbor.body(3));
    if (text_of(key) == "version") {
      EAI_TRY(version, cbor.head(0));
    } else if (text_of(key) == "roots") {
      EAI_TRY(const std::uint64_t count, cbor.head(4));
      for (std::uint64_t k = 0; k < count; ++k) {
        EAI_TRY(Cid root, cbor.link());
        roots.push_back(std::move(root));
      }
    } else {
      return fail(Code::invalid, "not a CAR: its header has an unknown field");
    }
  }
  if (version == 2) return fail(Code::unsupported, "a CARv2 file; only CARv1 is read");
  if (version != 1 || !cbor.rest.empty()) return fail(Code::invalid, "not a CARv1: its header is wrong");
  return roots;
}

Bytes car_header(const std::vector<Cid>& roots) {
  Bytes cbor;
  append_head(cbor, 5, 2);
  append_text(cbor, "roots");
  append_head(cbor, 4, roots.size());
  for (const Cid& root : roots) {
    Bytes bytes = root.bytes();
    bytes.insert(bytes.begin(), 0);
    cbor.insert(cbor.end(), std::begin(k_cbor_bytes_tag), std::end(k_cbor_bytes_tag));
    append_head(cbor, 2, bytes.size());
    cbor.insert(cbor.end(), bytes.begin(), bytes.end());
  }
  append_text(cbor, "version");
  append_head(cbor, 0, 1);
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
