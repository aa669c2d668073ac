// A CID from anyone, as text and as bytes: nothing crashes, and what is accepted has one canonical form.
#include <cstdlib>

#include "ipld/cid.h"
#include "ipld/pasted.h"

using eai::ipld::Cid;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const eai::ByteView bytes(data, size);
  if (const auto cid = Cid::parse(eai::text_of(bytes))) {
    if (Cid::parse(cid->str()) != *cid || Cid::from_bytes(cid->bytes()) != *cid) std::abort();
    for (char prefix : {'f', 'B', 'k', 'z', 'm', 'u'}) {
      if (Cid::parse(cid->str(*eai::ipld::base_of_prefix(prefix))) != cid->as_v1()) std::abort();
    }
  }
  if (const auto cid = eai::ipld::parse_pasted(eai::text_of(bytes))) {
    if (eai::ipld::parse_pasted(cid->str()) != *cid) std::abort();
  }
  std::size_t used = 0;
  if (const auto cid = Cid::from_bytes(bytes, &used)) {
    const eai::Bytes again = cid->bytes();
    if (used > size || eai::Bytes(data, data + used) != again) std::abort();
  }
  return 0;
}
