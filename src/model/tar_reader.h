// Why: a tar stream, cut anywhere, becomes entries and their bytes. Reading can stop between any two bytes and go on in
// another process. libarchive reads every header; this class only knows where headers and bodies lie.
// Thread: one at a time.
// What holds: only plain files and folders get through. Links, devices, sparse files and unknown kinds are refused with
// Code::invalid, and damaged headers with Code::corrupt. No memory is allocated for a size that a header claims.
// Source: POSIX ustar and pax, and the long names of GNU tar; see docs/formats.md.
#pragma once

#include <cstdint>
#include <string>

#include "model/state_bytes.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

struct TarEntry {
  std::string path;  // as it is in the tar: any bytes except NUL
  bool is_folder = false;
  std::uint64_t size = 0;
};

class TarHandler {
 public:
  virtual ~TarHandler() = default;
  virtual Result<void> entry(const TarEntry& entry) = 0;
  // Bytes of the last entry, if its size is above 0. They are valid during the call.
  virtual Result<void> body(ByteView bytes) = 0;
  // Called after the last byte of a plain file, even if it is empty.
  virtual Result<void> entry_done() = 0;
};

class TarReader {
 public:
  Result<void> feed(ByteView bytes, TarHandler& handler);
  // Whether the block of zeros that ends a tar was seen.
  bool at_end() const { return phase_ == Phase::end; }

  // The whole state between two calls of feed(). load() returns false if the bytes are not such a state.
  void save(StateWriter& out) const;
  bool load(StateReader& in);

 private:
  enum class Phase : std::uint64_t { header, body, padding, end };

  Result<ByteView> feed_header(ByteView bytes, TarHandler& handler);
  Result<ByteView> feed_body(ByteView bytes, TarHandler& handler);
  Result<void> feed_end(ByteView bytes);
  Result<void> block_done(TarHandler& handler);
  Result<void> start_entry(TarHandler& handler);

  Phase phase_ = Phase::header;
  Bytes headers_;               // the header blocks of the entry that begins, the extended ones first
  std::uint64_t wanted_ = 512;  // how long headers_ has to be before it is looked at again
  bool in_extension_ = false;   // the last wanted bytes are the body of an extended header
  std::uint64_t left_ = 0;      // of the body, or of the padding
  std::uint64_t padding_ = 0;   // after the body
  std::uint64_t trailing_ = 0;  // zeros after the end
};

}  // namespace eai::model
