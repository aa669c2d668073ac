// Why: dag-pb and UnixFS are made of a few forms of protobuf, and one place reads and writes them.
// Thread: any; these are pure functions.
// Source: the protobuf wire format, of which only the wire types 0 (varint), 2 (length and bytes) and 5 (four bytes)
// are used.
#pragma once

#include <cstdint>
#include <string>

#include "ipld/varint.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

enum class Wire : std::uint8_t { varint = 0, bytes = 2, fixed32 = 5 };

struct PbField {
  std::uint64_t number = 0;
  Wire wire = Wire::varint;
  std::uint64_t value = 0;  // varint, fixed32
  ByteView bytes;           // a part of the message
};

// The field that `message` begins with. `message` is moved past it.
inline Result<PbField> take_field(ByteView& message) {
  EAI_TRY(const std::uint64_t tag, take_varint(message, VarintRule::protobuf));
  PbField field;
  field.number = tag >> 3;
  switch (tag & 7) {
    case 0: {
      field.wire = Wire::varint;
      EAI_TRY(field.value, take_varint(message, VarintRule::protobuf));
      return field;
    }
    case 2: {
      field.wire = Wire::bytes;
      EAI_TRY(const std::uint64_t size, take_varint(message, VarintRule::protobuf));
      if (size > message.size()) return fail(Code::invalid, "a field is longer than its message");
      field.bytes = message.first(static_cast<std::size_t>(size));
      message = message.subspan(static_cast<std::size_t>(size));
      return field;
    }
    case 5: {
      field.wire = Wire::fixed32;
      if (message.size() < 4) return fail(Code::invalid, "a field is longer than its message");
      for (std::size_t i = 0; i < 4; ++i) field.value |= std::uint64_t{message[i]} << (8 * i);
      message = message.subspan(4);
      return field;
    }
    default:
      return fail(Code::invalid, "wire type " + std::to_string(tag & 7) + " is not known");
  }
}

inline void append_tag(Bytes& out, std::uint64_t number, Wire wire) {
  append_varint(out, number << 3 | static_cast<std::uint64_t>(wire));
}
inline void append_varint_field(Bytes& out, std::uint64_t number, std::uint64_t value) {
  append_tag(out, number, Wire::varint);
  append_varint(out, value);
}
inline void append_bytes_field(Bytes& out, std::uint64_t number, ByteView bytes) {
  append_tag(out, number, Wire::bytes);
  append_varint(out, bytes.size());
  out.insert(out.end(), bytes.begin(), bytes.end());
}

}  // namespace eai::ipld
