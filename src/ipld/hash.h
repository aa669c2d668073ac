// Why: the verdict on bytes: do they fit the hash that names them?
// Thread: any; a Hasher belongs to one thread at a time.
#pragma once

#include <array>
#include <memory>

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

using Sha256 = std::array<std::uint8_t, 32>;

// Incremental SHA-256 (OpenSSL). finish() may be called once; value_so_far() at any time without ending it.
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

// Code::corrupt if the bytes do not hash to it; Code::unsupported for a hash function this build does not
// have (never skipped, never taken for good); Code::invalid for an identity digest over 128 bytes.
Result<void> verify(const Multihash& expected, ByteView bytes);

}  // namespace eai::ipld
