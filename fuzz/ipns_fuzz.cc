// IPNS from anyone: names, records as they come, and records whose signed part is hostile although its signature is
// good. Nothing crashes; a name and a time have one form each; what is taken can be made again and says the same.
#include <array>
#include <cstdlib>

#include "ipld/ipns.h"
#include "ipld/protobuf.h"

namespace {

using namespace eai::ipld;

const SigningKey& key() {
  static const SigningKey made = SigningKey::from_seed(std::array<std::uint8_t, SigningKey::k_seed_size>{1, 2, 3});
  return made;
}

void check_text(std::string_view text) {
  if (const auto name = IpnsName::parse(text)) {
    if (IpnsName::parse(name->str()) != *name || IpnsName::parse(name->cid().str()) != *name) std::abort();
  }
  if (const auto time = parse_rfc3339(text)) {
    // An offset can lead out of the years that have four digits.
    if (const auto again = parse_rfc3339(format_rfc3339(*time)); again && *again != *time) std::abort();
  }
}

void check_record(eai::ByteView bytes) {
  static const IpnsName name = IpnsName::of(key().public_key());
  const auto record = open_ipns_record(name, bytes);
  if (!record) return;
  const auto made = make_ipns_record(key(), *record, IpnsCopies::v1);
  if (!made) return;  // it would be too large, or points to nothing
  const auto again = open_ipns_record(name, *made);
  if (!again || order_of(*again, *record) != std::strong_ordering::equal || again->value != record->value) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const eai::ByteView rest(data + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      check_text(eai::text_of(rest));
      return 0;
    case 1:
      check_record(rest);
      return 0;
    case 2: {
      constexpr std::string_view k_prefix = "ipns-signature:";
      eai::Bytes to_sign(k_prefix.begin(), k_prefix.end());
      to_sign.insert(to_sign.end(), rest.begin(), rest.end());
      eai::Bytes record;
      append_bytes_field(record, 8, key().sign(to_sign));
      append_bytes_field(record, 9, rest);
      check_record(record);
      return 0;
    }
    case 3: {
      const auto read = decode_public_key(rest);
      if (read && verify_signature(*read, rest, rest)) std::abort();
      return 0;
    }
    default: {
      const auto read = SigningKey::decode(rest);
      if (read && SigningKey::decode(read->encode())->public_key() != read->public_key()) std::abort();
      return 0;
    }
  }
}
