// Why: a CID is the name of some bytes. It says which bytes are meant and lets anyone check that they have the right
// ones.
// Thread: any; these are immutable values.
// What holds: every Cid was decoded from valid input, so its str() is canonical and safe as a file name (only letters
// and digits). Two Cids are equal if version, codec and multihash are. Content is found by its multihash.
// Source: the multiformats specifications of CID and multihash; docs/formats.md has the vectors that were checked.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "ipld/multibase.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

// The codes of the multicodec table.
enum class Codec : std::uint64_t { raw = 0x55, dag_pb = 0x70, dag_cbor = 0x71, libp2p_key = 0x72, json = 0x0200 };
enum class HashCode : std::uint64_t {
  identity = 0x00,
  sha2_256 = 0x12,
  sha2_512 = 0x13,
  blake3 = 0x1e,
  blake2b_256 = 0xb220,
};

// An identity digest is the data itself. A longer one is refused everywhere.
inline constexpr std::size_t k_identity_limit = 128;

struct Multihash {
  HashCode code = HashCode::sha2_256;
  Bytes digest;
  Bytes bytes() const;  // the binary form: varint code, varint length, digest
  auto operator<=>(const Multihash&) const = default;
};

class Cid {
 public:
  // Takes every base of multibase.h, and CIDv0. Code::invalid says what is wrong and names the character ("'0' at
  // position 7 is not a base32 character").
  static Result<Cid> parse(std::string_view text);
  // The CID whose binary form `bytes` begins with. `used` gets its length; without `used` it must be all of the bytes.
  static Result<Cid> from_bytes(ByteView bytes, std::size_t* used = nullptr);
  static Cid v1(Codec codec, Multihash hash);
  // The CIDv1 of the bytes with codec raw and hash sha2-256.
  static Cid raw_of(ByteView bytes);

  std::string str() const;           // of a v0 base58btc without a prefix, of a v1 lower-case base32
  std::string str(Base base) const;  // a v1 with the prefix of `base`; a v0 is first turned into its v1
  Bytes bytes() const;               // the binary form
  int version() const { return version_; }
  Codec codec() const { return codec_; }
  const Multihash& hash() const { return hash_; }
  Cid as_v1() const;  // with the same codec and multihash
  auto operator<=>(const Cid&) const = default;

 private:
  Cid(int version, Codec codec, Multihash hash);
  int version_;
  Codec codec_;
  Multihash hash_;
};

}  // namespace eai::ipld

template <>
struct std::hash<eai::ipld::Cid> {
  std::size_t operator()(const eai::ipld::Cid& cid) const noexcept;
};
