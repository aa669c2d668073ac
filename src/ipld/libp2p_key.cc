#include "ipld/libp2p_key.h"

#include <algorithm>
#include <array>
#include <optional>
#include <stdexcept>
#include <string>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/x509.h>

#include "ipld/protobuf.h"

namespace eai::ipld {
namespace {

constexpr std::uint64_t k_type = 1, k_data = 2;
constexpr std::size_t k_ed25519_size = 32, k_secp256k1_size = 33;
constexpr int k_least_rsa_bits = 2048, k_most_rsa_bits = 8192;
// In DER: the algorithm of an RSA key, which comes behind the length; all that comes before the point of a P-256 key.
constexpr std::array<std::uint8_t, 15> k_rsa = {0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86,
                                                0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00};
constexpr std::array<std::uint8_t, 26> k_p256 = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48,
                                                 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
                                                 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00};

template <auto free>
struct FreeBy {
  template <typename T>
  void operator()(T* pointer) const {
    free(pointer);
  }
};
using Key = std::unique_ptr<EVP_PKEY, FreeBy<EVP_PKEY_free>>;
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeBy<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeBy<EVP_MD_CTX_free>>;

// What OpenSSL found wrong with a stranger's bytes must not be taken for the fault of a connection later on.
struct ForgetErrors {
  ~ForgetErrors() { ERR_clear_error(); }
};

void must(bool worked) {
  if (!worked) throw std::runtime_error("OpenSSL's signatures do not work here");
}

struct Message {
  std::uint64_t type = 0;
  ByteView data;
};

Result<Message> decode_message(ByteView bytes) {
  std::optional<std::uint64_t> type;
  std::optional<ByteView> data;
  while (!bytes.empty()) {
    auto field = take_field(bytes);
    if (!field) return Failure(std::move(field).error().with("not a key"));
    if (field->number == k_type && field->wire == Wire::varint && !type) {
      type = field->value;
    } else if (field->number == k_data && field->wire == Wire::bytes && !data) {
      data = field->bytes;
    } else {
      return fail(Code::invalid, "not a key: a field is unknown or repeated");
    }
  }
  if (!type || !data) return fail(Code::invalid, "not a key: it lacks its type or its data");
  return Message{*type, *data};
}

Key ec_key(const char* group, ByteView point) {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  must(context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  std::string name(group);
  Bytes copy(point.begin(), point.end());
  const std::array<OSSL_PARAM, 3> parameters = {
      OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, name.data(), name.size()),
      OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy.data(), copy.size()), OSSL_PARAM_construct_end()};
  EVP_PKEY* key = nullptr;
  if (EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, const_cast<OSSL_PARAM*>(parameters.data())) != 1) {
    return nullptr;
  }
  return Key(key);
}

// OpenSSL reads only what is an RSA key by its head, since its reader takes keys of every kind.
Result<Key> rsa_key(ByteView der) {
  constexpr std::size_t k_head = 4;  // a sequence, and its length in two bytes
  const bool is_rsa = der.size() > k_head + k_rsa.size() && der[0] == 0x30 && der[1] == 0x82 &&
                      std::ranges::equal(der.subspan(k_head, k_rsa.size()), k_rsa);
  if (!is_rsa) return fail(Code::invalid, "it is not an RSA key");
  const std::uint8_t* at = der.data();
  Key key(d2i_PUBKEY(nullptr, &at, static_cast<long>(der.size())));
  if (!key || at != der.data() + der.size() || EVP_PKEY_is_a(key.get(), "RSA") != 1) {
    return fail(Code::invalid, "it is not an RSA key");
  }
  const int bits = EVP_PKEY_get_bits(key.get());
  if (bits < k_least_rsa_bits || bits > k_most_rsa_bits) {
    return fail(Code::unsupported, "it is an RSA key of " + std::to_string(bits) + " bits");
  }
  return key;
}

Result<Key> open_key(const PublicKey& key) {
  const ByteView data = key.data;
  Key out;
  switch (key.type) {
    case KeyType::rsa:
      return rsa_key(data);
    case KeyType::ed25519:
      if (data.size() == k_ed25519_size) {
        out.reset(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, data.data(), data.size()));
      }
      break;
    case KeyType::secp256k1:
      if (data.size() == k_secp256k1_size) out = ec_key("secp256k1", data);
      break;
    case KeyType::ecdsa:
      if (data.size() < k_p256.size() || !std::ranges::equal(data.first(k_p256.size()), k_p256)) {
        return fail(Code::unsupported, "it is an ECDSA key of another curve than P-256");
      }
      out = ec_key("prime256v1", data.subspan(k_p256.size()));
      break;
  }
  if (!out) return fail(Code::invalid, "it is not a point of its curve");
  return out;
}

}  // namespace

Bytes encode_public_key(const PublicKey& key) {
  Bytes out;
  append_varint_field(out, k_type, static_cast<std::uint64_t>(key.type));
  append_bytes_field(out, k_data, key.data);
  return out;
}

Result<PublicKey> decode_public_key(ByteView message) {
  EAI_TRY(const Message read, decode_message(message));
  if (read.type > static_cast<std::uint64_t>(KeyType::ecdsa)) {
    return fail(Code::unsupported, "keys of type " + std::to_string(read.type) + " are not known");
  }
  return PublicKey{static_cast<KeyType>(read.type), Bytes(read.data.begin(), read.data.end())};
}

Result<void> verify_signature(const PublicKey& key, ByteView bytes, ByteView signature) {
  const ForgetErrors forget;
  auto opened = open_key(key);
  if (!opened) return Failure(std::move(opened).error().with("the public key cannot be used"));
  const DigestContext context(EVP_MD_CTX_new());
  must(context != nullptr);
  const char* digest = key.type == KeyType::ed25519 ? nullptr : "SHA2-256";
  const bool good =
      EVP_DigestVerifyInit_ex(context.get(), nullptr, digest, nullptr, nullptr, opened->get(), nullptr) == 1 &&
      EVP_DigestVerify(context.get(), signature.data(), signature.size(), bytes.data(), bytes.size()) == 1;
  if (good) return {};
  return fail(Code::corrupt, "the signature is not that of the key");
}

void SigningKey::Free::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }

SigningKey SigningKey::from_seed(std::span<const std::uint8_t, k_seed_size> seed) {
  SigningKey key(EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, nullptr, seed.data(), seed.size()));
  must(key.key_ != nullptr);
  return key;
}

Result<SigningKey> SigningKey::decode(ByteView message) {
  EAI_TRY(const Message read, decode_message(message));
  if (read.type != static_cast<std::uint64_t>(KeyType::ed25519)) {
    return fail(Code::unsupported, "only Ed25519 keys can be used to sign");
  }
  // The seed and the public key; some writers add the latter twice.
  const std::size_t size = read.data.size();
  if (size != k_seed_size + k_ed25519_size && size != k_seed_size + 2 * k_ed25519_size) {
    return fail(Code::invalid, "not a private Ed25519 key: it has " + std::to_string(size) + " bytes");
  }
  SigningKey key = from_seed(read.data.first<k_seed_size>());
  const Bytes expected = key.public_key().data;
  for (std::size_t at = k_seed_size; at < size; at += k_ed25519_size) {
    if (!std::ranges::equal(read.data.subspan(at, k_ed25519_size), expected)) {
      return fail(Code::invalid, "not a private Ed25519 key: its public half belongs to another one");
    }
  }
  return key;
}

Bytes SigningKey::encode() const {
  std::array<std::uint8_t, k_seed_size> seed{};
  std::size_t size = seed.size();
  must(EVP_PKEY_get_raw_private_key(key_.get(), seed.data(), &size) == 1);
  const Bytes behind = public_key().data;
  Bytes out;
  out.reserve(80);  // so that no copy of it stays behind
  append_varint_field(out, k_type, static_cast<std::uint64_t>(KeyType::ed25519));
  append_tag(out, k_data, Wire::bytes);
  append_varint(out, seed.size() + behind.size());
  out.insert(out.end(), seed.begin(), seed.end());
  out.insert(out.end(), behind.begin(), behind.end());
  OPENSSL_cleanse(seed.data(), seed.size());
  return out;
}

PublicKey SigningKey::public_key() const {
  PublicKey key{KeyType::ed25519, Bytes(k_ed25519_size)};
  std::size_t size = key.data.size();
  must(EVP_PKEY_get_raw_public_key(key_.get(), key.data.data(), &size) == 1);
  return key;
}

Bytes SigningKey::sign(ByteView bytes) const {
  const DigestContext context(EVP_MD_CTX_new());
  Bytes signature(64);
  std::size_t size = signature.size();
  must(context != nullptr &&
       EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key_.get(), nullptr) == 1 &&
       EVP_DigestSign(context.get(), signature.data(), &size, bytes.data(), bytes.size()) == 1);
  return signature;
}

}  // namespace eai::ipld
