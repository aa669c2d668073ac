// Why: gzip bytes, cut anywhere, become plain bytes, checked against every checksum that the stream carries.
// Thread: one at a time.
// Source: RFC 1952; the work is ISA-L's.
// What holds: several members in a row are one stream; what follows the last member and is no member is an
// error. Each member's header CRC (where it has one), CRC-32 and length are checked.
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

  // Plain bytes, valid during the call. Its error ends feed() and is handed through.
  using Output = std::function<Result<void>(ByteView)>;

  // Uses all of `bytes` and gives out all that can be made of them. Code::corrupt; then this object is spent.
  Result<void> feed(ByteView bytes, const Output& output);

  // True between members: where a whole stream may end.
  bool at_end() const;

  // The whole state between two calls of feed(). load() gives false if the bytes are not such a state.
  void save(StateWriter& out) const;
  bool load(StateReader& in);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace eai::model
