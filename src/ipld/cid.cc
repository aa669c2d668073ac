#include "ipld/cid.h"

#include <algorithm>

#include "ipld/hash.h"
#include "ipld/varint.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

// The longest CID that this program takes: four varints and a digest of 128 bytes, in base16.
constexpr std::size_t k_text_limit = 1 + 2 * (4 * 9 + k_identity_limit);
constexpr std::size_t k_v0_text_size = 46;
constexpr std::size_t k_v0_size = 34;

// 0 means any length up to the limit.
std::size_t digest_size(HashCode code) {
  switch (code) {
    case HashCode::sha2_256:
    case HashCode::blake3:
    case HashCode::blake2b_256:
      return 32;
    case HashCode::sha2_512:
      return 64;
    case HashCode::identity:
      break;
  }
  return 0;
}

bool is_v0(ByteView bytes) { return bytes.size() >= 2 && bytes[0] == 0x12 && bytes[1] == 0x20; }

Result<Multihash> take_multihash(ByteView& bytes) {
  EAI_TRY(std::uint64_t code, take_varint(bytes));
  EAI_TRY(std::uint64_t size, take_varint(bytes));
  if (size > k_identity_limit) {
    return fail(Code::invalid, "its hash is " + std::to_string(size) + " bytes long, and no hash is longer than " +
                                   std::to_string(k_identity_limit));
  }
  const auto hash_code = static_cast<HashCode>(code);
  if (const std::size_t wanted = digest_size(hash_code); wanted != 0 && size != wanted) {
    return fail(Code::invalid,
                "its hash is " + std::to_string(size) + " bytes long instead of " + std::to_string(wanted));
  }
  if (bytes.size() < size) {
    return fail(Code::invalid,
                "its hash is cut off after " + std::to_string(bytes.size()) + " of " + std::to_string(size) + " bytes");
  }
  Multihash hash{hash_code, Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size))};
  bytes = bytes.subspan(size);
  return hash;
}

Result<Bytes> decode_text(std::string_view text) {
  if (text.empty()) return fail(Code::invalid, "it is empty");
  if (text.size() > k_text_limit) {
    return fail(Code::invalid, "it is " + std::to_string(text.size()) + " characters long, and no CID is longer than " +
                                   std::to_string(k_text_limit));
  }
  if (text.starts_with("Qm")) {
    if (text.size() != k_v0_text_size) {
      return fail(Code::invalid, "it begins like a CIDv0 but has " + std::to_string(text.size()) +
                                     " characters instead of " + std::to_string(k_v0_text_size));
    }
    EAI_TRY(Bytes bytes, decode(Base::base58btc, text));
    if (!is_v0(bytes) || bytes.size() != k_v0_size) return fail(Code::invalid, "it is not the hash of a CIDv0");
    return bytes;
  }
  const std::optional<Base> base = base_of_prefix(text[0]);
  if (!base) {
    return fail(Code::invalid,
                "it begins with '" + printable(text.substr(0, 1)) +
                    "', which is not the prefix of a known encoding (most CIDs begin with 'baf' or 'Qm')");
  }
  EAI_TRY(Bytes bytes, decode(*base, text.substr(1), 2));
  if (is_v0(bytes)) return fail(Code::invalid, "a CIDv0 is written without the prefix of an encoding");
  return bytes;
}

}  // namespace

Bytes Multihash::bytes() const {
  Bytes out;
  append_varint(out, static_cast<std::uint64_t>(code));
  append_varint(out, digest.size());
  out.insert(out.end(), digest.begin(), digest.end());
  return out;
}

Cid::Cid(int version, Codec codec, Multihash hash) : version_(version), codec_(codec), hash_(std::move(hash)) {}

Result<Cid> Cid::parse(std::string_view text) {
  auto cid = decode_text(text).and_then([](const Bytes& bytes) { return from_bytes(bytes); });
  if (!cid) return Failure(std::move(cid).error().with("not a CID: " + printable(text, 80)));
  return cid;
}

Result<Cid> Cid::from_bytes(ByteView bytes, std::size_t* used) {
  ByteView rest = bytes;
  int version = 0;
  Codec codec = Codec::dag_pb;
  if (!is_v0(bytes)) {
    EAI_TRY(std::uint64_t number, take_varint(rest));
    if (number != 1) return fail(Code::invalid, "its version is " + std::to_string(number) + " instead of 1");
    version = 1;
    EAI_TRY(std::uint64_t code, take_varint(rest));
    codec = static_cast<Codec>(code);
  }
  EAI_TRY(Multihash hash, take_multihash(rest));
  if (used != nullptr) {
    *used = bytes.size() - rest.size();
  } else if (!rest.empty()) {
    return fail(Code::invalid, std::to_string(rest.size()) + " bytes follow its hash");
  }
  return Cid(version, codec, std::move(hash));
}

Cid Cid::v1(Codec codec, Multihash hash) { return Cid(1, codec, std::move(hash)); }

Cid Cid::raw_of(ByteView bytes) {
  const Sha256 digest = sha256(bytes);
  return v1(Codec::raw, Multihash{HashCode::sha2_256, Bytes(digest.begin(), digest.end())});
}

std::string Cid::str() const { return version_ == 0 ? encode(Base::base58btc, bytes()) : str(Base::base32); }

std::string Cid::str(Base base) const {
  return static_cast<char>(base) + encode(base, version_ == 0 ? as_v1().bytes() : bytes());
}

Bytes Cid::bytes() const {
  Bytes out;
  if (version_ != 0) {
    append_varint(out, 1);
    append_varint(out, static_cast<std::uint64_t>(codec_));
  }
  const Bytes hash = hash_.bytes();
  out.insert(out.end(), hash.begin(), hash.end());
  return out;
}

Cid Cid::as_v1() const { return v1(codec_, hash_); }

}  // namespace eai::ipld

std::size_t std::hash<eai::ipld::Cid>::operator()(const eai::ipld::Cid& cid) const noexcept {
  const eai::Bytes& digest = cid.hash().digest;
  const std::size_t kind = static_cast<std::size_t>(cid.codec()) * 31 + static_cast<std::size_t>(cid.version());
  return std::hash<std::string_view>{}(eai::text_of(digest)) ^ kind;
}
