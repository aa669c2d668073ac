#include "ipld/ipns.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "ipld/dag_cbor.h"
#include "ipld/hash.h"
#include "ipld/protobuf.h"

namespace eai::ipld {
namespace {

// Fields of the message. All but the last three are those of V1.
constexpr std::uint64_t k_value = 1, k_signature_v1 = 2, k_validity_type = 3, k_validity = 4, k_sequence = 5, k_ttl = 6,
                        k_public_key = 7, k_signature = 8, k_data = 9;
constexpr std::uint64_t k_expires = 0;  // the only type of validity
constexpr std::string_view k_signed_prefix = "ipns-signature:";
constexpr std::string_view k_expires_in_v1 = "EOL";

Failure not_a_record(const std::string& why) { return fail(Code::invalid, "not an IPNS record: " + why); }

std::string string_of(ByteView bytes) { return std::string(text_of(bytes)); }

struct Message {
  std::array<std::optional<ByteView>, k_data + 1> bytes;
  std::array<std::optional<std::uint64_t>, k_data + 1> numbers;
  ByteView bytes_of(std::uint64_t field) const { return bytes[field].value_or(ByteView{}); }
  std::uint64_t number_of(std::uint64_t field) const { return numbers[field].value_or(0); }
};

bool is_number(std::uint64_t field) { return field == k_validity_type || field == k_sequence || field == k_ttl; }

// Fields that are not known are for those who know them.
Result<Message> read_message(ByteView bytes) {
  if (bytes.size() > k_ipns_record_limit) return not_a_record("it is larger than 10 KiB");
  Message out;
  while (!bytes.empty()) {
    auto field = take_field(bytes);
    if (!field) return Failure(std::move(field).error().with("not an IPNS record"));
    const std::uint64_t number = field->number;
    if (number == 0) return not_a_record("a field has the number 0");
    if (number > k_data) continue;
    if (field->wire != (is_number(number) ? Wire::varint : Wire::bytes)) {
      return not_a_record("wrong wire type of field " + std::to_string(number));
    }
    if (out.bytes[number] || out.numbers[number]) return not_a_record("field " + std::to_string(number) + " twice");
    if (is_number(number)) {
      out.numbers[number] = field->value;
    } else {
      out.bytes[number] = field->bytes;
    }
  }
  return out;
}

// The key in the record if there is one, else that in the name. In both cases it is the name's.
Result<PublicKey> key_of(const IpnsName& name, const Message& message) {
  const ByteView given = message.bytes_of(k_public_key);
  const Multihash& hash = name.hash();
  if (hash.code == HashCode::identity) {
    if (!given.empty() && !std::ranges::equal(given, hash.digest)) {
      return fail(Code::corrupt, "the IPNS record has the key of another name");
    }
    return decode_public_key(hash.digest);
  }
  if (given.empty()) return not_a_record("it lacks its public key, which is not in its name either");
  if (!verify(hash, given)) return fail(Code::corrupt, "the IPNS record has the key of another name");
  return decode_public_key(given);
}

struct Document {
  std::optional<ByteView> value, validity;
  std::optional<std::uint64_t> validity_type, sequence, ttl;
};

Result<Document> read_document(ByteView data) {
  DagCborReader reader(data);
  Document out;
  EAI_TRY(const CborItem map, reader.next(CborKind::map));
  for (std::uint64_t i = 0; i < map.number; ++i) {
    EAI_TRY(const CborItem key, reader.next(CborKind::text));
    const std::string_view name = text_of(key.bytes);
    if (name == "Value" || name == "Validity") {
      EAI_TRY(const CborItem item, reader.next(CborKind::bytes));
      (name == "Value" ? out.value : out.validity) = item.bytes;
    } else if (name == "ValidityType" || name == "Sequence" || name == "TTL") {
      EAI_TRY(const CborItem item, reader.next(CborKind::positive));
      (name == "Sequence" ? out.sequence : name == "TTL" ? out.ttl : out.validity_type) = item.number;
    } else {
      EAI_CHECK(reader.skip());
    }
  }
  EAI_CHECK(reader.finish());
  if (!out.value || !out.validity || !out.validity_type || !out.sequence || !out.ttl) {
    return fail(Code::invalid, "one of Value, Validity, ValidityType, Sequence and TTL is missing");
  }
  return out;
}

// The copies of V1, where there are any, say what is signed.
Result<void> check_copies(const Message& message, const Document& document) {
  if (!message.bytes[k_signature_v1] && !message.bytes[k_value]) return {};
  const bool same = std::ranges::equal(message.bytes_of(k_value), *document.value) &&
                    std::ranges::equal(message.bytes_of(k_validity), *document.validity) &&
                    message.number_of(k_validity_type) == *document.validity_type &&
                    message.number_of(k_sequence) == *document.sequence && message.number_of(k_ttl) == *document.ttl;
  if (same) return {};
  return fail(Code::corrupt, "the IPNS record has an unsigned copy of a field that differs from what is signed");
}

Bytes signed_bytes(ByteView data) {
  Bytes out(k_signed_prefix.size() + data.size());
  std::ranges::copy(data, std::ranges::copy(k_signed_prefix, out.begin()).out);
  return out;
}

Bytes encode_document(const IpnsRecord& record, std::string_view validity) {
  Bytes out;
  append_cbor_head(out, CborKind::map, 5);
  append_cbor_text(out, "TTL");
  append_cbor_head(out, CborKind::positive, record.ttl);
  append_cbor_text(out, "Value");
  append_cbor_bytes(out, view_of(record.value));
  append_cbor_text(out, "Sequence");
  append_cbor_head(out, CborKind::positive, record.sequence);
  append_cbor_text(out, "Validity");
  append_cbor_bytes(out, view_of(validity));
  append_cbor_text(out, "ValidityType");
  append_cbor_head(out, CborKind::positive, k_expires);
  return out;
}

}  // namespace

Result<IpnsRecord> open_ipns_record(const IpnsName& name, ByteView bytes) {
  EAI_TRY(const Message message, read_message(bytes));
  const ByteView signature = message.bytes_of(k_signature);
  const ByteView data = message.bytes_of(k_data);
  if (signature.empty() || data.empty()) {
    const bool is_old = message.bytes[k_signature_v1].has_value();
    if (is_old) return fail(Code::unsupported, "the IPNS record has only the signature of V1, which proves too little");
    return not_a_record("it lacks its signature or what is signed");
  }
  EAI_TRY(const PublicKey key, key_of(name, message));
  auto document = read_document(data);
  if (!document) return Failure(std::move(document).error().with("not an IPNS record"));
  auto good = verify_signature(key, signed_bytes(data), signature);
  if (!good) return Failure(std::move(good).error().with("the IPNS record"));
  EAI_CHECK(check_copies(message, *document));
  if (*document->validity_type != k_expires) {
    return fail(Code::unsupported, "the IPNS record's type of validity is " + std::to_string(*document->validity_type));
  }
  auto expires = parse_rfc3339(text_of(*document->validity));
  if (!expires) return Failure(std::move(expires).error().with("not an IPNS record: its validity"));
  return IpnsRecord{string_of(*document->value), *expires, *document->sequence, *document->ttl};
}

std::strong_ordering order_of(const IpnsRecord& a, const IpnsRecord& b) {
  if (const auto order = a.sequence <=> b.sequence; order != 0) return order;
  return a.expires <=> b.expires;
}

Result<Bytes> make_ipns_record(const SigningKey& key, const IpnsRecord& record, IpnsCopies copies) {
  if (record.value.empty()) return fail(Code::invalid, "an IPNS record has to point to something");
  const std::string validity = format_rfc3339(record.expires);
  if (parse_rfc3339(validity) != record.expires) {
    return fail(Code::invalid, "an IPNS record cannot end outside the years 0 to 9999");
  }
  const Bytes data = encode_document(record, validity);
  Bytes out;
  if (copies == IpnsCopies::v1) {
    append_bytes_field(out, k_value, view_of(record.value));
    append_bytes_field(out, k_signature_v1, key.sign(view_of(record.value + validity + std::string(k_expires_in_v1))));
    append_varint_field(out, k_validity_type, k_expires);
    append_bytes_field(out, k_validity, view_of(validity));
    append_varint_field(out, k_sequence, record.sequence);
    append_varint_field(out, k_ttl, record.ttl);
  }
  append_bytes_field(out, k_signature, key.sign(signed_bytes(data)));
  append_bytes_field(out, k_data, data);
  if (out.size() > k_ipns_record_limit) return fail(Code::invalid, "the IPNS record would be larger than 10 KiB");
  return out;
}

}  // namespace eai::ipld
