#include "ipld/hash.h"

#include <algorithm>
#include <stdexcept>

#include <openssl/evp.h>
#include <sodium/crypto_generichash_blake2b.h>

#include "ipld/sha256_lanes.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

// OpenSSL's digests fail only if memory runs out or the installation is broken. In neither case can the program go on.
void must(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL's SHA-2 does not work here");
}

// Looked up once, because looking up a digest by name takes longer than hashing a small block.
const EVP_MD* md_of(const char* name) {
  const EVP_MD* md = EVP_MD_fetch(nullptr, name, nullptr);
  must(md != nullptr);
  return md;
}
const EVP_MD* sha256_md() {
  static const EVP_MD* const md = md_of("SHA2-256");
  return md;
}
const EVP_MD* sha512_md() {
  static const EVP_MD* const md = md_of("SHA2-512");
  return md;
}

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

Context new_context() {
  Context context(EVP_MD_CTX_new());
  must(context != nullptr);
  return context;
}

Sha256 end_of(EVP_MD_CTX* context) {
  Sha256 digest{};
  must(EVP_DigestFinal_ex(context, digest.data(), nullptr) == 1);
  return digest;
}

Result<Bytes> digest_of(HashCode code, ByteView bytes) {
  switch (code) {
    case HashCode::identity:
      return Bytes(bytes.begin(), bytes.end());
    case HashCode::sha2_256: {
      const Sha256 digest = sha256(bytes);
      return Bytes(digest.begin(), digest.end());
    }
    case HashCode::sha2_512: {
      Bytes digest(64);
      must(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha512_md(), nullptr) == 1);
      return digest;
    }
    case HashCode::blake2b_256: {
      Bytes digest(32);
      crypto_generichash_blake2b(digest.data(), digest.size(), bytes.data(), bytes.size(), nullptr, 0);
      return digest;
    }
    case HashCode::blake3:
      break;
  }
  Bytes number;
  for (auto rest = static_cast<std::uint64_t>(code); rest > 0; rest >>= 8) {
    number.insert(number.begin(), static_cast<std::uint8_t>(rest));
  }
  return fail(Code::unsupported, "this build cannot check the hash function with the code 0x" + to_hex(number) +
                                     (code == HashCode::blake3 ? " (blake3)" : ""));
}

}  // namespace

struct Sha256Hasher::State {
  Context context = new_context();
};

Sha256Hasher::Sha256Hasher() : state_(std::make_unique<State>()) {
  must(EVP_DigestInit_ex2(state_->context.get(), sha256_md(), nullptr) == 1);
}
Sha256Hasher::Sha256Hasher(Sha256Hasher&&) noexcept = default;
Sha256Hasher& Sha256Hasher::operator=(Sha256Hasher&&) noexcept = default;
Sha256Hasher::~Sha256Hasher() = default;

void Sha256Hasher::update(ByteView bytes) {
  must(EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) == 1);
}

Sha256 Sha256Hasher::value_so_far() const {
  const Context copy = new_context();
  must(EVP_MD_CTX_copy_ex(copy.get(), state_->context.get()) == 1);
  return end_of(copy.get());
}

Sha256 Sha256Hasher::finish() { return end_of(state_->context.get()); }

Sha256 sha256(ByteView bytes) {
  Sha256 digest{};
  must(EVP_Digest(bytes.data(), bytes.size(), digest.data(), nullptr, sha256_md(), nullptr) == 1);
  return digest;
}

std::array<Sha256, 2> sha256_of_both(ByteView one, ByteView other) {
  if (!has_sha256_lanes()) return {sha256(one), sha256(other)};
  Sha256Lane first, second;
  const std::size_t together = std::min(one.size(), other.size()) / k_sha256_block * k_sha256_block;
  add_to_both(first, one.first(together), second, other.first(together));
  return {first.end(one.subspan(together)), second.end(other.subspan(together))};
}

bool matches(const Sha256& expected, const Sha256& found) { return expected == found; }

bool matches(const Multihash& expected, const Sha256& found) {
  return expected.code == HashCode::sha2_256 && std::ranges::equal(expected.digest, found);
}

Result<void> verify(const Multihash& expected, ByteView bytes) {
  if (expected.code == HashCode::identity && expected.digest.size() > k_identity_limit) {
    return fail(Code::invalid, "an identity CID holds at most " + std::to_string(k_identity_limit) +
                                   " bytes, and this one holds " + std::to_string(expected.digest.size()));
  }
  EAI_TRY(Bytes digest, digest_of(expected.code, bytes));
  if (digest == expected.digest) return {};
  return fail(Code::corrupt, std::to_string(bytes.size()) + " bytes do not match their hash (expected " +
                                 to_hex(expected.digest) + ", got " + to_hex(digest) + ")");
}

}  // namespace eai::ipld
