// Why: an IPNS name is a public key or the hash of one, and only who holds the private key can point it elsewhere.
// Thread: any; these are immutable values.
// What holds: a signature is called good only after OpenSSL has checked it. There is no randomness here: whoever makes a
// key brings the seed. A SigningKey is wiped from memory when it ends; what encode() returned is the caller's to protect.
// Source: the peer ID specification of libp2p: a message of Type = 1 and Data = 2. Ed25519 (RFC 8032; 32 bytes), RSA
// (SubjectPublicKeyInfo; PKCS #1 v1.5), secp256k1 (33 bytes) and ECDSA (SubjectPublicKeyInfo, of P-256 only). The last
// three sign the SHA-256; an ECDSA signature is in DER.
#pragma once

#include <cstdint>
#include <memory>
#include <span>

#include "util/bytes.h"
#include "util/result.h"

struct evp_pkey_st;

namespace eai::ipld {

enum class KeyType : std::uint8_t { rsa = 0, ed25519 = 1, secp256k1 = 2, ecdsa = 3 };

struct PublicKey {
  KeyType type = KeyType::ed25519;
  Bytes data;
  bool operator==(const PublicKey&) const = default;
};
Bytes encode_public_key(const PublicKey& key);
// Code::invalid says what is wrong; Code::unsupported for a type that is not known.
Result<PublicKey> decode_public_key(ByteView message);

// Code::corrupt if it is not this key's signature of the bytes; Code::invalid if the key makes no sense;
// Code::unsupported for a curve or a size of keys that is not known here.
Result<void> verify_signature(const PublicKey& key, ByteView bytes, ByteView signature);

// An Ed25519 key.
class SigningKey {
 public:
  static constexpr std::size_t k_seed_size = 32;
  static SigningKey from_seed(std::span<const std::uint8_t, k_seed_size> seed);
  // The message in which kubo exports a key. Code::unsupported if it is not an Ed25519 key; no error quotes from it.
  static Result<SigningKey> decode(ByteView message);
  Bytes encode() const;
  PublicKey public_key() const;
  Bytes sign(ByteView bytes) const;

 private:
  struct Free {
    void operator()(evp_pkey_st* key) const;
  };
  explicit SigningKey(evp_pkey_st* key) : key_(key) {}
  std::unique_ptr<evp_pkey_st, Free> key_;
};

}  // namespace eai::ipld
