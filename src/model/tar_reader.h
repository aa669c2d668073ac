// Why: the tar stream, cut anywhere, becomes entries and their bytes, and can stop between any two bytes and go on in
// another process. libarchive reads every header; this class only knows where headers and bodies lie.
// Thread: one at a time.
// Source: POSIX ustar and pax, GNU tar's long names. See docs/formats.md.
// What holds: only plain files and folders get through; links, devices, sparse files and unknown kinds are refused with
// Code::invalid, damaged headers with Code::corrupt. Nothing is allocated for a size that a header claims.
#pragma once

#include <cstdint>
#include <string>

#include "model/state_bytes.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

struct TarEntry {
  std::string path;  // as it stands in the tar: anything but NUL
  bool is_folder = false;
  std::uint64_t size = 0;
};

class TarHandler {
 public:
  virtual ~TarHandler() = default;
  virtual Result<void> entry(const TarEntry& entry) = 0;
  // Bytes of the last entry, which has a size above 0. Valid during the call.
  virtual Result<void> body(ByteView bytes) = 0;
  // After the last byte of a plain file, also of an empty one.
  virtual Result<void> entry_done() = 0;
};

class TarReader {
 public:
  Result<void> feed(ByteView bytes, TarHandler& handler);
  // The block of zeros that ends a tar was seen.
  bool at_end() const { return phase_ == Phase::end; }

  // The whole state between two calls of feed(). load() gives false if the bytes are not such a state.
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
  Bytes headers_;               // the header blocks of the entry that begins, extended ones in front
  std::uint64_t wanted_ = 512;  // how long headers_ must become before it is looked at again
  bool in_extension_ = false;   // the last wanted bytes are the body of an extended header
  std::uint64_t left_ = 0;      // of the body, or of the padding
  std::uint64_t padding_ = 0;   // behind the body
  std::uint64_t trailing_ = 0;  // zeros behind the end
};

}  // namespace eai::model
