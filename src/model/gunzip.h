// Why: gzip bytes, cut anywhere, become plain bytes, which are checked against every checksum in the stream.
// Thread: one at a time.
// What holds: several members in a row are one stream. Anything else after the last member is an error. The header CRC
// of each member (if it has one), its CRC-32 and its length are checked.
// Source: RFC 1952; ISA-L does the work.
#pragma once

#include <functional>
#include <memory>

#include "model/state_bytes.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

class Gunzip {
 public:
  Gunzip();
  Gunzip(Gunzip&&) noexcept;
  Gunzip& operator=(Gunzip&&) noexcept;
  ~Gunzip();

  // Gets plain bytes, which are valid during the call. Its error ends feed(), which returns it.
  using Output = std::function<Result<void>(ByteView)>;

  // Uses all of `bytes` and hands out everything that can be made of them. After Code::corrupt this object is spent.
  Result<void> feed(ByteView bytes, const Output& output);

  // True between members, where a whole stream may end.
  bool at_end() const;

  // The whole state between two calls of feed(). load() returns false if the bytes are not such a state.
  void save(StateWriter& out) const;
  bool load(StateReader& in);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace eai::model
