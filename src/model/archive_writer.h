// Why: a folder as one stream of bytes, tar inside gzip, that is the same bytes every time it is made and can be made
// by many threads at once: any range of the tar can be asked for, and any block of it deflated on its own.
// Thread: TarPlan: any, immutable. BlockPacker: one thread each. No I/O.
// Source: POSIX ustar (sizes over 8 GiB in base 256 as GNU tar has them); gzip RFC 1952 and deflate RFC 1951: blocks
// end at a byte (a full flush), so that blocks made apart make one stream that gunzip, pigz and the Python tool read.
// What holds: names sorted, owner and group 0, time 0, mode 0644 or 0755: nothing of this machine is in the stream.
// Stored blocks are the same everywhere; deflated ones are the same for one version of ISA-L on one kind of processor.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

struct TarFile {
  std::string name;  // below the folder: "<folder>", "text_encoder/model.safetensors"
  std::uint64_t size = 0;
};

class TarPlan {
 public:
  // Folders are added as their files need them. Code::invalid for a name that does not fit a ustar header.
  static Result<TarPlan> make(const std::string& folder, std::vector<TarFile> files);
  std::uint64_t size() const { return size_; }
  // In the order of the stream, which is by name.
  const std::vector<TarFile>& files() const { return files_; }
  // Fills `into` with the stream's bytes from `offset`; `read` is asked for ranges of files()[index].
  using ReadFile = std::function<Result<void>(std::size_t index, std::uint64_t offset, std::span<std::uint8_t> into)>;
  Result<void> fill(std::uint64_t offset, std::span<std::uint8_t> into, const ReadFile& read) const;

 private:
  static constexpr std::size_t k_no_file = SIZE_MAX;
  struct Segment {
    std::uint64_t begin = 0, size = 0;
    Bytes literal;  // headers; zero bytes where it is shorter than `size`
    std::size_t file = k_no_file;
  };
  void add(Segment segment);
  std::vector<Segment> segments_;
  std::vector<TarFile> files_;
  std::uint64_t size_ = 0;
};

// Tar bytes that are packed as one piece.
inline constexpr std::size_t k_pack_block = k_mib;

struct PackedBlock {
  Bytes bytes;
  std::uint32_t crc = 0;  // of the tar bytes
  std::size_t raw_size = 0;
  bool stored = false;  // a sample said that deflating gains less than 4 %
};

class BlockPacker {
 public:
  BlockPacker();
  ~BlockPacker();
  // Reuses `into`'s memory. At most k_pack_block bytes.
  void pack(ByteView raw, PackedBlock& into);

 private:
  std::size_t deflate(ByteView raw, std::span<std::uint8_t> into);
  Bytes level_buffer_, sample_;
};

// Around the packed blocks, in their order.
Bytes gzip_head();
class GzipTail {
 public:
  void add(const PackedBlock& block);
  Bytes finish() const;

 private:
  std::uint32_t crc_ = 0;
  std::uint64_t size_ = 0;
};

}  // namespace eai::model
