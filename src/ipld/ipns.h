// Why: a hash never changes its meaning. An IPNS name does: who holds its key publishes signed records that say what it
// points to now.
// Thread: any; these are pure functions and immutable values.
// What holds: an IpnsRecord has passed every check of the specification except the time, which the caller brings. Only
// the signed fields (V2) are used; the unsigned copies of V1 only have to agree with them. The value is text from
// whoever holds the key: it is signed, and it may be anything.
// Source: the IPNS record specification, and the peer ID specification of libp2p for names.
#pragma once

#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "ipld/cid.h"
#include "ipld/libp2p_key.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

class IpnsName {
 public:
  // A CID of codec libp2p-key in any base ("k51…", "bafz…"), or an older peer ID ("12D3…", "Qm…"), without "/ipns/".
  // Code::invalid says what is wrong; Code::unsupported for a key or hash function that is not known.
  static Result<IpnsName> parse(std::string_view text);
  static IpnsName of(const PublicKey& key);

  std::string str() const;  // base36: "k51…"
  Cid cid() const { return Cid::v1(Codec::libp2p_key, hash_); }
  const Multihash& hash() const { return hash_; }
  auto operator<=>(const IpnsName&) const = default;

 private:
  explicit IpnsName(Multihash hash) : hash_(std::move(hash)) {}
  static Result<IpnsName> check(Multihash hash);
  Multihash hash_;  // of an encoded public key, or with `identity` the key itself
};

// A point in time of the years 0 to 9999, which nanoseconds in 64 bits could not hold.
struct IpnsTime {
  std::chrono::sys_seconds second{};
  std::uint32_t nanosecond = 0;
  static IpnsTime of(std::chrono::system_clock::time_point time);
  auto operator<=>(const IpnsTime&) const = default;
};
// RFC 3339: "2026-11-29T02:00:00.5Z", with up to nine digits behind the point, or an offset instead of the Z.
Result<IpnsTime> parse_rfc3339(std::string_view text);
std::string format_rfc3339(const IpnsTime& time);  // in UTC with nine digits

struct IpnsRecord {
  std::string value;  // as a rule "/ipfs/<cid>"
  IpnsTime expires;
  std::uint64_t sequence = 0;
  std::uint64_t ttl = 0;  // nanoseconds that a cache may keep it; a hint
  bool operator==(const IpnsRecord&) const = default;
};

inline constexpr std::size_t k_ipns_record_limit = 10 * k_kib;
inline constexpr std::uint64_t k_ipns_default_ttl = 300'000'000'000;  // five minutes

// Code::invalid if it is malformed or too large; Code::corrupt if it is not signed by the name's key, or an unsigned
// copy differs from what is signed; Code::unsupported for an unknown type of key or validity, and a record without V2.
Result<IpnsRecord> open_ipns_record(const IpnsName& name, ByteView bytes);

// From this moment on it is no longer valid.
inline bool has_expired(const IpnsRecord& record, const IpnsTime& now) { return record.expires <= now; }

// Which one is newer: that with the higher sequence, then that which expires later.
std::strong_ordering order_of(const IpnsRecord& a, const IpnsRecord& b);

enum class IpnsCopies { none, v1 };  // unsigned copies and a signature for programs from before 2021
// Code::invalid if the value is empty, the time is not within the years 0 to 9999, or it would be too large.
Result<Bytes> make_ipns_record(const SigningKey& key, const IpnsRecord& record, IpnsCopies copies = IpnsCopies::none);

}  // namespace eai::ipld
