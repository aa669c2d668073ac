#include "ipld/libp2p_key.h"

#include <memory>

#include <gtest/gtest.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "util/text.h"

namespace eai::ipld {
namespace {

SigningKey ed25519(std::uint8_t number) {
  const std::vector<std::uint8_t> seed(SigningKey::k_seed_size, number);
  return SigningKey::from_seed(std::span(seed).first<SigningKey::k_seed_size>());
}

// A key pair of a kind that the program itself never makes.
class Pair {
 public:
  Pair(const char* type, const char* group) : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, type, group), EVP_PKEY_free) {}
  explicit Pair(std::size_t rsa_bits) : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", rsa_bits), EVP_PKEY_free) {}
  Bytes sign(ByteView bytes) const {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    Bytes out(1024);
    std::size_t size = out.size();
    EXPECT_EQ(EVP_DigestSignInit_ex(context.get(), nullptr, "SHA2-256", nullptr, nullptr, key_.get(), nullptr), 1);
    EXPECT_EQ(EVP_DigestSign(context.get(), out.data(), &size, bytes.data(), bytes.size()), 1);
    out.resize(size);
    return out;
  }
  Bytes der() const {
    std::uint8_t* at = nullptr;
    const int size = i2d_PUBKEY(key_.get(), &at);
    Bytes out(at, at + size);
    OPENSSL_free(at);
    return out;
  }
  Bytes compressed_point() const {
    EXPECT_EQ(EVP_PKEY_set_utf8_string_param(key_.get(), OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed"), 1);
    Bytes out(200);
    std::size_t size = 0;
    EXPECT_EQ(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY, out.data(), out.size(), &size), 1);
    out.resize(size);
    return out;
  }

 private:
  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
};

std::string code_of(const Result<void>& result) { return result ? "" : std::string(name_of(result.error().code)); }

void expect_only_its_own(const PublicKey& key, const Bytes& signature) {
  EXPECT_EQ(code_of(verify_signature(key, view_of("text"), signature)), "");
  EXPECT_EQ(code_of(verify_signature(key, view_of("Text"), signature)), "corrupt");
  EXPECT_EQ(code_of(verify_signature(key, {}, signature)), "corrupt");
  EXPECT_EQ(code_of(verify_signature(key, view_of("text"), {})), "corrupt");
  Bytes other = signature;
  other.back() ^= 1;
  EXPECT_EQ(code_of(verify_signature(key, view_of("text"), other)), "corrupt");
  EXPECT_EQ(decode_public_key(encode_public_key(key)).value(), key);
}

TEST(Libp2pKey, VerifiesEveryKind) {
  expect_only_its_own(ed25519(1).public_key(), ed25519(1).sign(view_of("text")));
  const Pair rsa(std::size_t{2048});
  expect_only_its_own({KeyType::rsa, rsa.der()}, rsa.sign(view_of("text")));
  const Pair p256("EC", "P-256");
  expect_only_its_own({KeyType::ecdsa, p256.der()}, p256.sign(view_of("text")));
  const Pair secp256k1("EC", "secp256k1");
  expect_only_its_own({KeyType::secp256k1, secp256k1.compressed_point()}, secp256k1.sign(view_of("text")));
}

TEST(Libp2pKey, RefusesKeysThatMakeNoSense) {
  const auto code = [](KeyType type, Bytes data) {
    return code_of(verify_signature({type, std::move(data)}, view_of("text"), Bytes(64)));
  };
  EXPECT_EQ(code(KeyType::ed25519, Bytes(31)), "invalid");
  EXPECT_EQ(code(KeyType::ed25519, Bytes(33)), "invalid");
  EXPECT_EQ(code(KeyType::secp256k1, Bytes(33)), "invalid");
  EXPECT_EQ(code(KeyType::secp256k1, {}), "invalid");
  EXPECT_EQ(code(KeyType::rsa, {}), "invalid");
  EXPECT_EQ(code(KeyType::rsa, Pair("EC", "P-256").der()), "invalid");
  EXPECT_EQ(code(KeyType::rsa, Pair(std::size_t{1024}).der()), "invalid");  // its length has one byte
  EXPECT_EQ(code(KeyType::rsa, Pair(std::size_t{2040}).der()), "unsupported");
  EXPECT_EQ(code(KeyType::ecdsa, {}), "unsupported");
  EXPECT_EQ(code(KeyType::ecdsa, Pair("EC", "P-384").der()), "unsupported");
  Bytes cut = Pair(std::size_t{2048}).der();
  cut.push_back(0);
  EXPECT_EQ(code(KeyType::rsa, cut), "invalid");
  cut.resize(cut.size() - 2);
  EXPECT_EQ(code(KeyType::rsa, cut), "invalid");
  Bytes off_curve = Pair("EC", "P-256").der();
  off_curve.back() ^= 1;
  EXPECT_EQ(code(KeyType::ecdsa, off_curve), "invalid");
}

TEST(Libp2pKey, MessagesAreReadStrictly) {
  const auto code = [](std::string_view hex) {
    const auto key = decode_public_key(from_hex(hex).value());
    return key ? "" : std::string(name_of(key.error().code));
  };
  EXPECT_EQ(code("0801120100"), "");
  EXPECT_EQ(code(""), "invalid");
  EXPECT_EQ(code("0801"), "invalid");
  EXPECT_EQ(code("120100"), "invalid");
  EXPECT_EQ(code("08010801120100"), "invalid");
  EXPECT_EQ(code("08011201001801"), "invalid");
  EXPECT_EQ(code("08011202"), "invalid");
  EXPECT_EQ(code("0804120100"), "unsupported");
}

TEST(Libp2pKey, APrivateKeyIsKeptAsOthersKeepIt) {
  const SigningKey key = ed25519(9);
  const Bytes message = key.encode();
  EXPECT_EQ(to_hex(message), "08011240" + to_hex(Bytes(32, 9)) + to_hex(key.public_key().data));
  EXPECT_EQ(SigningKey::decode(message).value().public_key(), key.public_key());
  // An older form has the public key twice.
  Bytes twice = message;
  const Bytes behind = key.public_key().data;
  twice.insert(twice.end(), behind.begin(), behind.end());
  twice[3] = 96;
  EXPECT_EQ(SigningKey::decode(twice).value().public_key(), key.public_key());
  const auto code = [](const Bytes& bytes) {
    const auto read = SigningKey::decode(bytes);
    return read ? "" : std::string(name_of(read.error().code));
  };
  twice.back() ^= 1;
  EXPECT_EQ(code(twice), "invalid");
  Bytes other = message;
  other.back() ^= 1;
  EXPECT_EQ(code(other), "invalid");
  EXPECT_EQ(code(Bytes(message.begin(), message.end() - 1)), "invalid");
  EXPECT_EQ(code(from_hex("08001200").value()), "unsupported");
  EXPECT_EQ(code({}), "invalid");
}

}  // namespace
}  // namespace eai::ipld
