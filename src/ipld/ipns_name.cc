#include <algorithm>

#include "ipld/hash.h"
#include "ipld/ipns.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

// A longer key is named by its hash.
constexpr std::size_t k_most_inline_key = 42;
constexpr std::size_t k_most_peer_id = 128;  // characters

// "12D3…" and "Qm…" are a multihash in base58 without a prefix; with one before it, it is the end of a CIDv1.
Result<Multihash> parse_peer_id(std::string_view text) {
  if (text.size() > k_most_peer_id) return fail(Code::invalid, "it is too long");
  EAI_TRY(const Bytes hash, decode(Base::base58btc, text));
  Bytes bytes{1, static_cast<std::uint8_t>(Codec::libp2p_key)};
  bytes.insert(bytes.end(), hash.begin(), hash.end());
  EAI_TRY(const Cid cid, Cid::from_bytes(bytes));
  return cid.hash();
}

Result<Multihash> parse_name(std::string_view text) {
  if (text.starts_with('1') || text.starts_with("Qm")) return parse_peer_id(text);
  EAI_TRY(const Cid cid, Cid::parse(text));
  if (cid.codec() != Codec::libp2p_key) {
    return fail(Code::invalid, "it is the hash of content and not of a key, so it does not change");
  }
  return cid.hash();
}

}  // namespace

Result<IpnsName> IpnsName::check(Multihash hash) {
  if (hash.code == HashCode::sha2_256) return IpnsName(std::move(hash));
  if (hash.code != HashCode::identity) {
    return fail(Code::unsupported, "its hash is neither sha2-256 nor the key itself");
  }
  if (hash.digest.size() > k_most_inline_key) return fail(Code::invalid, "its key is too long for a name");
  EAI_CHECK(decode_public_key(hash.digest));
  return IpnsName(std::move(hash));
}

Result<IpnsName> IpnsName::parse(std::string_view text) {
  auto name = parse_name(text).and_then([](Multihash hash) { return check(std::move(hash)); });
  if (!name) return Failure(std::move(name).error().with("not an IPNS name: " + printable(text, 80)));
  return name;
}

IpnsName IpnsName::of(const PublicKey& key) {
  Bytes message = encode_public_key(key);
  if (message.size() <= k_most_inline_key) return IpnsName({HashCode::identity, std::move(message)});
  const Sha256 digest = sha256(message);
  return IpnsName({HashCode::sha2_256, Bytes(digest.begin(), digest.end())});
}

std::string IpnsName::str() const { return cid().str(Base::base36); }

}  // namespace eai::ipld
