#include "ipld/ipns.h"

#include <gtest/gtest.h>

#include "ipld/dag_cbor.h"
#include "ipld/hash.h"
#include "ipld/protobuf.h"
#include "util/text.h"

namespace eai::ipld {
namespace {

SigningKey key_of(std::uint8_t number) {
  const std::vector<std::uint8_t> seed(SigningKey::k_seed_size, number);
  return SigningKey::from_seed(std::span(seed).first<SigningKey::k_seed_size>());
}
IpnsName name_of(const SigningKey& key) { return IpnsName::of(key.public_key()); }

IpnsRecord a_record() {
  return {"/ipfs/bafkqaddimvwgy3zao5xxe3debi", parse_rfc3339("2126-11-29T02:00:00.123456789Z").value(), 7, 1800};
}

std::string code_of(const Result<IpnsRecord>& record) {
  return record ? "" : std::string(eai::name_of(record.error().code));
}

// The fields of a record, to be changed and written again.
struct Fields {
  std::vector<PbField> all;
  explicit Fields(ByteView record) {
    while (!record.empty()) all.push_back(take_field(record).value());
  }
  PbField& field(std::uint64_t number) {
    return *std::find_if(all.begin(), all.end(), [&](const PbField& field) { return field.number == number; });
  }
  void drop(std::uint64_t number) {
    std::erase_if(all, [&](const PbField& field) { return field.number == number; });
  }
  Bytes bytes() const {
    Bytes out;
    for (const PbField& field : all) {
      if (field.wire == Wire::varint) {
        append_varint_field(out, field.number, field.value);
      } else {
        append_bytes_field(out, field.number, field.bytes);
      }
    }
    return out;
  }
};

// A record over a document of the test's own, signed properly.
Bytes signed_record(const SigningKey& key, ByteView document) {
  Bytes to_sign;
  for (const char c : std::string_view("ipns-signature:")) to_sign.push_back(static_cast<std::uint8_t>(c));
  to_sign.insert(to_sign.end(), document.begin(), document.end());
  Bytes out;
  append_bytes_field(out, 8, key.sign(to_sign));
  append_bytes_field(out, 9, document);
  return out;
}

Bytes document(std::string_view validity, std::uint64_t validity_type = 0, bool with_more = false) {
  Bytes out;
  append_cbor_head(out, CborKind::map, with_more ? 6 : 5);
  append_cbor_text(out, "TTL");
  append_cbor_head(out, CborKind::positive, 1);
  if (with_more) {
    append_cbor_text(out, "_own");
    append_cbor_head(out, CborKind::list, 1);
    append_cbor_text(out, "x");
  }
  append_cbor_text(out, "Value");
  append_cbor_bytes(out, view_of("/ipfs/x"));
  append_cbor_text(out, "Sequence");
  append_cbor_head(out, CborKind::positive, 2);
  append_cbor_text(out, "Validity");
  append_cbor_bytes(out, view_of(validity));
  append_cbor_text(out, "ValidityType");
  append_cbor_head(out, CborKind::positive, validity_type);
  return out;
}

TEST(IpnsName, HasManyForms) {
  const IpnsName name = name_of(key_of(1));
  const std::string text = name.str();
  EXPECT_EQ(text.substr(0, 3), "k51");
  EXPECT_EQ(IpnsName::parse(text).value(), name);
  for (const Base base : {Base::base32, Base::base16, Base::base58btc, Base::base36_upper}) {
    EXPECT_EQ(IpnsName::parse(name.cid().str(base)).value(), name);
  }
  const std::string peer_id = encode(Base::base58btc, name.hash().bytes());
  EXPECT_EQ(peer_id.substr(0, 4), "12D3");
  EXPECT_EQ(IpnsName::parse(peer_id).value(), name);
  const Cid by_hash = Cid::v1(Codec::libp2p_key, Cid::raw_of(view_of("a key")).hash());
  const std::string old = encode(Base::base58btc, by_hash.hash().bytes());
  EXPECT_EQ(old.substr(0, 2), "Qm");
  EXPECT_EQ(IpnsName::parse(old).value().cid(), by_hash);
  EXPECT_EQ(IpnsName::parse(by_hash.str()).value().cid(), by_hash);
}

// The public key of RFC 8032's first test, and what kubo calls it.
TEST(IpnsName, IsThatOfOtherPrograms) {
  const Bytes seed = from_hex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").value();
  const SigningKey key = SigningKey::from_seed(std::span(seed).first<SigningKey::k_seed_size>());
  EXPECT_EQ(to_hex(key.public_key().data), "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
  EXPECT_EQ(to_hex(key.sign({})),
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f059"
            "5bbe2465"
            "5141438e7a100b");
  EXPECT_EQ(to_hex(name_of(key).hash().bytes()),
            "002408011220d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a");
}

TEST(IpnsName, RefusesWhatIsNone) {
  const auto code = [](std::string_view text) {
    const auto name = IpnsName::parse(text);
    return name ? "" : std::string(eai::name_of(name.error().code));
  };
  EXPECT_EQ(code(""), "invalid");
  EXPECT_EQ(code("example.com"), "invalid");
  EXPECT_EQ(code("/ipns/" + name_of(key_of(1)).str()), "invalid");
  EXPECT_EQ(code(Cid::raw_of(view_of("x")).str()), "invalid");  // content
  EXPECT_EQ(code("12D3KooW"), "invalid");
  EXPECT_EQ(code("Qm"), "invalid");
  EXPECT_EQ(code("1" + std::string(5000, 'z')), "invalid");
  const auto inlined = [](ByteView bytes) {
    return Cid::v1(Codec::libp2p_key, {HashCode::identity, Bytes(bytes.begin(), bytes.end())}).str();
  };
  EXPECT_EQ(code(inlined(view_of("no key"))), "invalid");
  EXPECT_EQ(code(inlined(encode_public_key({KeyType::rsa, Bytes(60)}))), "invalid");  // too long
  EXPECT_EQ(code(inlined(from_hex("08041200").value())), "unsupported");
  EXPECT_EQ(code(Cid::v1(Codec::libp2p_key, {HashCode::sha2_512, Bytes(64)}).str()), "unsupported");
}

TEST(IpnsRecord, IsWhatWasMade) {
  const SigningKey key = key_of(1);
  for (const IpnsCopies copies : {IpnsCopies::none, IpnsCopies::v1}) {
    const Bytes bytes = make_ipns_record(key, a_record(), copies).value();
    EXPECT_EQ(open_ipns_record(name_of(key), bytes).value(), a_record());
    // Of another name it is not.
    EXPECT_EQ(code_of(open_ipns_record(name_of(key_of(2)), bytes)), "corrupt");
  }
}

TEST(IpnsRecord, HasTheFormOfTheSpecification) {
  const IpnsRecord record{"/ipfs/x", {}, 1, 24};
  const Bytes bytes = make_ipns_record(key_of(1), record).value();
  Fields fields(bytes);
  ASSERT_EQ(fields.all.size(), 2U);
  EXPECT_EQ(fields.field(8).bytes.size(), 64U);
  EXPECT_EQ(text_of(fields.field(9).bytes),
            "\xa5\x63TTL\x18\x18\x65Value\x47/ipfs/x\x68Sequence\x01\x68Validity\x58\x1e"
            "1970-01-01T00:00:00.000000000Z\x6cValidityType" +
                std::string(1, '\0'));
}

TEST(IpnsRecord, TakesNothingForGranted) {
  const SigningKey key = key_of(1);
  const IpnsName name = name_of(key);
  const Bytes good = make_ipns_record(key, a_record(), IpnsCopies::v1).value();
  const auto changed = [&](auto change) {
    Fields fields(good);
    change(fields);
    return code_of(open_ipns_record(name, fields.bytes()));
  };
  const auto flipped = [&](std::uint64_t number) {
    return changed([&](Fields& fields) {
      static Bytes other;
      const ByteView bytes = fields.field(number).bytes;
      other.assign(bytes.begin(), bytes.end());
      other.back() ^= 1;
      fields.field(number).bytes = other;
    });
  };
  EXPECT_EQ(changed([](Fields&) {}), "");
  // V1 alone.
  EXPECT_EQ(changed([](Fields& fields) { fields.drop(8), fields.drop(9); }), "unsupported");
  EXPECT_EQ(changed([](Fields& fields) { fields.drop(8); }), "unsupported");
  EXPECT_EQ(changed([](Fields& fields) { fields.drop(9), fields.drop(2); }), "invalid");
  // Another value in V1; a signature of V1, which nobody looks at; the signature of V2; other copies.
  EXPECT_EQ(flipped(1), "corrupt");
  EXPECT_EQ(flipped(2), "");
  EXPECT_EQ(flipped(8), "corrupt");
  EXPECT_EQ(flipped(4), "corrupt");
  EXPECT_EQ(changed([](Fields& fields) { ++fields.field(3).value; }), "corrupt");
  EXPECT_EQ(changed([](Fields& fields) { ++fields.field(5).value; }), "corrupt");
  EXPECT_EQ(changed([](Fields& fields) { ++fields.field(6).value; }), "corrupt");
  EXPECT_EQ(changed([](Fields& fields) { fields.drop(1); }), "corrupt");
  EXPECT_EQ(changed([](Fields& fields) { fields.drop(5); }), "corrupt");
  // Copies count only where there is a value or a signature of V1.
  EXPECT_EQ(changed([](Fields& fields) { fields.drop(1), fields.drop(2), fields.drop(5); }), "");
  EXPECT_EQ(changed([](Fields& fields) { fields.drop(1), fields.drop(2), fields.drop(3), fields.drop(4); }), "");
  EXPECT_EQ(changed([](Fields& fields) { fields.field(9).bytes = fields.field(9).bytes.first(20); }), "invalid");
  EXPECT_EQ(changed([](Fields& fields) { fields.all.push_back(fields.all.back()); }), "invalid");
  EXPECT_EQ(changed([](Fields& fields) { fields.all.push_back({15, Wire::varint, 1, {}}); }), "");
  EXPECT_EQ(changed([](Fields& fields) { fields.field(5).number = 1; }), "invalid");
  EXPECT_EQ(code_of(open_ipns_record(name, {})), "invalid");
  EXPECT_EQ(code_of(open_ipns_record(name, ByteView(good).first(good.size() - 1))), "invalid");
}

TEST(IpnsRecord, APublicKeyHasToBeThatOfTheName) {
  const SigningKey key = key_of(1);
  const Bytes mine = encode_public_key(key.public_key());
  const Bytes others = encode_public_key(key_of(2).public_key());
  Bytes record = make_ipns_record(key, a_record()).value();
  const auto with = [&](ByteView public_key) {
    Bytes out;
    append_bytes_field(out, 7, public_key);
    out.insert(out.end(), record.begin(), record.end());
    return out;
  };
  EXPECT_EQ(code_of(open_ipns_record(name_of(key), with(mine))), "");
  EXPECT_EQ(code_of(open_ipns_record(name_of(key), with(others))), "corrupt");
  // A name that is only the hash of a key.
  const IpnsName hashed = IpnsName::parse(Cid::v1(Codec::libp2p_key, Cid::raw_of(mine).hash()).str()).value();
  EXPECT_EQ(code_of(open_ipns_record(hashed, record)), "invalid");
  EXPECT_EQ(code_of(open_ipns_record(hashed, with(mine))), "");
  EXPECT_EQ(code_of(open_ipns_record(hashed, with(others))), "corrupt");
}

TEST(IpnsRecord, SizeIsBounded) {
  IpnsRecord record = a_record();
  record.value = "/" + std::string(10 * k_kib - 200, 'x');
  const SigningKey key = key_of(1);
  Bytes bytes = make_ipns_record(key, record).value();
  ASSERT_LE(bytes.size(), 10 * k_kib);
  EXPECT_EQ(open_ipns_record(name_of(key), bytes).value(), record);
  while (bytes.size() <= 10 * k_kib) append_varint_field(bytes, 15, 1);
  EXPECT_EQ(code_of(open_ipns_record(name_of(key), bytes)), "invalid");
  record.value += std::string(200, 'x');
  EXPECT_FALSE(make_ipns_record(key, record).has_value());
}

TEST(IpnsRecord, MakesOnlyWhatCanBeRead) {
  IpnsRecord record = a_record();
  record.value.clear();
  EXPECT_FALSE(make_ipns_record(key_of(1), record).has_value());
  record = a_record();
  record.expires.second = std::chrono::sys_days(std::chrono::year(10000) / 1 / 1);
  EXPECT_FALSE(make_ipns_record(key_of(1), record).has_value());
  record.expires.second = std::chrono::sys_days(std::chrono::year(-1) / 12 / 31);
  EXPECT_FALSE(make_ipns_record(key_of(1), record).has_value());
  record = a_record();
  record.sequence = record.ttl = UINT64_MAX;
  EXPECT_EQ(open_ipns_record(name_of(key_of(1)), make_ipns_record(key_of(1), record).value()).value(), record);
}

TEST(IpnsRecord, TheSignedDocumentIsRead) {
  const SigningKey key = key_of(3);
  const auto open = [&](const Bytes& document) { return open_ipns_record(name_of(key), signed_record(key, document)); };
  constexpr std::string_view k_time = "2030-01-01T00:00:00Z";
  EXPECT_EQ(open(document(k_time)).value().sequence, 2U);
  EXPECT_EQ(open(document(k_time, 0, true)).value().value, "/ipfs/x");  // what others have added
  EXPECT_EQ(code_of(open(document(k_time, 1))), "unsupported");
  EXPECT_EQ(code_of(open(document("tomorrow"))), "invalid");
  EXPECT_EQ(code_of(open(document(""))), "invalid");
  Bytes longer = document(k_time);
  longer.push_back(0);
  EXPECT_EQ(code_of(open(longer)), "invalid");
  EXPECT_EQ(code_of(open({0xa0})), "invalid");  // nothing in it
  EXPECT_EQ(code_of(open({0x80})), "invalid");
}

TEST(IpnsRecord, ExpiresAndIsReplaced) {
  IpnsRecord a = a_record();
  IpnsRecord b = a_record();
  EXPECT_EQ(order_of(a, b), std::strong_ordering::equal);
  b.expires.nanosecond += 1;
  EXPECT_EQ(order_of(a, b), std::strong_ordering::less);
  a.sequence += 1;
  EXPECT_EQ(order_of(a, b), std::strong_ordering::greater);
  IpnsTime now = a.expires;
  EXPECT_TRUE(has_expired(a, now));
  now.nanosecond -= 1;
  EXPECT_FALSE(has_expired(a, now));
}

TEST(Rfc3339, ReadsTimes) {
  const auto read = [](std::string_view text) { return format_rfc3339(parse_rfc3339(text).value()); };
  EXPECT_EQ(read("1970-01-01T00:00:00.000000001Z"), "1970-01-01T00:00:00.000000001Z");
  EXPECT_EQ(read("2024-02-29T23:59:59Z"), "2024-02-29T23:59:59.000000000Z");
  EXPECT_EQ(read("2024-02-29T23:59:59.5+01:30"), "2024-02-29T22:29:59.500000000Z");
  EXPECT_EQ(read("2024-12-31T23:59:59.123456789-00:01"), "2025-01-01T00:00:59.123456789Z");
  EXPECT_EQ(read("9999-12-31T23:59:59Z"), "9999-12-31T23:59:59.000000000Z");
  EXPECT_EQ(read("0000-01-01T00:00:00Z"), "0000-01-01T00:00:00.000000000Z");
  for (const std::string_view bad : {"",
                                     "2024-01-01",
                                     "2024-01-01T00:00:00",
                                     "2024-01-01 00:00:00Z",
                                     "2024-1-1T00:00:00Z",
                                     "2023-02-29T00:00:00Z",
                                     "2024-13-01T00:00:00Z",
                                     "2024-01-01T24:00:00Z",
                                     "2024-01-01T00:60:00Z",
                                     "2024-01-01T00:00:60Z",
                                     "2024-01-01T00:00:00.Z",
                                     "2024-01-01T00:00:00.1234567890Z",
                                     "2024-01-01T00:00:00z",
                                     "2024-01-01t00:00:00Z",
                                     "2024-01-01T00:00:00Z ",
                                     "2024-01-01T00:00:00+0100",
                                     "2024-01-01T00:00:00+24:00",
                                     "+2024-01-01T00:00:00Z",
                                     "-024-01-01T00:00:00Z",
                                     "12024-01-01T00:00:00Z"}) {
    EXPECT_EQ(parse_rfc3339(bad).error().code, Code::invalid) << bad;
  }
}

TEST(Rfc3339, TakesTheClock) {
  using namespace std::chrono;
  const IpnsTime time = IpnsTime::of(system_clock::time_point(milliseconds(-1)));
  EXPECT_EQ(format_rfc3339(time), "1969-12-31T23:59:59.999000000Z");
}

}  // namespace
}  // namespace eai::ipld
