// Why: the name of bytes. A CID says which bytes are meant and lets anyone check that these are they.
// Thread: any; immutable values.
// Source: multiformats CID and multihash specifications; see docs/formats.md for the checked vectors.
// What holds: a Cid that exists was decoded from valid input, so str() of it is canonical and safe as a file name (letters
// and digits only). Two Cids are equal when version, codec and multihash are; content is keyed by multihash.
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

// Multicodec codes (multiformats table).
enum class Codec : std::uint64_t { raw = 0x55, dag_pb = 0x70, dag_cbor = 0x71, libp2p_key = 0x72, json = 0x0200 };
enum class HashCode : std::uint64_t {
  identity = 0x00,
  sha2_256 = 0x12,
  sha2_512 = 0x13,
  blake3 = 0x1e,
  blake2b_256 = 0xb220,
};

// An identity digest is the data itself; longer ones are refused everywhere.
inline constexpr std::size_t k_identity_limit = 128;

struct Multihash {
  HashCode code = HashCode::sha2_256;
  Bytes digest;
  Bytes bytes() const;  // binary form: varint code, varint length, digest
  auto operator<=>(const Multihash&) const = default;
};

class Cid {
 public:
  // Every base of multibase.h, CIDv0 included. Code::invalid names the offending character or what else is wrong ("'0' at
  // position 7 is not a base32 character").
  static Result<Cid> parse(std::string_view text);
  // The binary form at the front of `bytes`; `used` (if given) gets its length, else all bytes must be used.
  static Result<Cid> from_bytes(ByteView bytes, std::size_t* used = nullptr);
  static Cid v1(Codec codec, Multihash hash);
  // CIDv1, raw, sha2-256 of the bytes.
  static Cid raw_of(ByteView bytes);

  std::string str() const;           // v0: base58btc without prefix, v1: base32 lower case
  std::string str(Base base) const;  // v1 with the prefix of `base`; a v0 is turned into its v1 first
  Bytes bytes() const;               // binary form
  int version() const { return version_; }
  Codec codec() const { return codec_; }
  const Multihash& hash() const { return hash_; }
  Cid as_v1() const;  // same codec and multihash
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
