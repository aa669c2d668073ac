// Why: this decides whether bytes match the hash that names them.
// Thread: any; a hasher belongs to one thread at a time.
// What holds: bytes are called good only after they were hashed; a hash function that is not known never counts as a
// match.
#pragma once

#include <array>
#include <memory>

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

using Sha256 = std::array<std::uint8_t, 32>;

// SHA-256 in steps, by OpenSSL. finish() may be called once, and value_so_far() at any time before it.
class Sha256Hasher {
 public:
  Sha256Hasher();
  Sha256Hasher(Sha256Hasher&&) noexcept;
  Sha256Hasher& operator=(Sha256Hasher&&) noexcept;
  ~Sha256Hasher();
  void update(ByteView bytes);
  Sha256 value_so_far() const;
  Sha256 finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

Sha256 sha256(ByteView bytes);
// Of both, in the time that the longer one takes alone if the processor has SHA instructions (sha256_lanes.h).
std::array<Sha256, 2> sha256_of_both(ByteView one, ByteView other);

// Whether bytes that hash to `found` are those that `expected` names. False for a multihash of another function.
bool matches(const Sha256& expected, const Sha256& found);
bool matches(const Multihash& expected, const Sha256& found);

// Code::corrupt if the bytes do not hash to it; Code::unsupported if this build does not have the hash function;
// Code::invalid for an identity digest of more than 128 bytes.
Result<void> verify(const Multihash& expected, ByteView bytes);

}  // namespace eai::ipld
