// Why: this turns a folder into one stream of bytes, tar inside gzip. The stream has the same bytes every time, and
// many threads can make it at once, because any range of the tar can be asked for and each block is deflated on its
// own.
// Thread: TarPlan: any, because it is immutable. BlockPacker: one thread each. There is no I/O.
// What holds: names are sorted, owner, group and time are 0 and the mode is 0644 or 0755, so that nothing of this
// machine is in the stream. Stored blocks are the same everywhere; deflated ones are the same for one version of ISA-L
// on one kind of processor.
// Source: POSIX ustar (sizes over 8 GiB in base 256, like GNU tar); gzip RFC 1952; deflate RFC 1951. Blocks end at a
// byte (a full flush), so that blocks which were made apart form one stream that gunzip, pigz and the Python tool can
// read.
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
  // Adds the folders that the files need. Code::invalid for a name that does not fit into a ustar header.
  static Result<TarPlan> make(const std::string& folder, std::vector<TarFile> files);
  std::uint64_t size() const { return size_; }
  // In the order of the stream, which is that of the names.
  const std::vector<TarFile>& files() const { return files_; }
  // Fills `into` with the stream's bytes from `offset`; `read` is asked for ranges of files()[index].
  using ReadFile = std::function<Result<void>(std::size_t index, std::uint64_t offset, std::span<std::uint8_t> into)>;
  Result<void> fill(std::uint64_t offset, std::span<std::uint8_t> into, const ReadFile& read) const;

 private:
  static constexpr std::size_t k_no_file = SIZE_MAX;
  struct Segment {
    std::uint64_t begin = 0, size = 0;
    Bytes literal;  // headers; zero bytes follow if it is shorter than `size`
    std::size_t file = k_no_file;
  };
  void add(Segment segment);
  std::vector<Segment> segments_;
  std::vector<TarFile> files_;
  std::uint64_t size_ = 0;
};

// The bytes of the tar that are packed together.
inline constexpr std::size_t k_pack_block = k_mib;

struct PackedBlock {
  Bytes bytes;
  std::uint32_t crc = 0;  // of the tar bytes
  std::size_t raw_size = 0;
  bool stored = false;  // a sample showed that deflating gains less than 4 %
};

class BlockPacker {
 public:
  BlockPacker();
  ~BlockPacker();
  // Reuses the memory of `into`. `raw` has at most k_pack_block bytes.
  void pack(ByteView raw, PackedBlock& into);
  // The block of the plan's stream that begins at `offset`, a multiple of k_pack_block. Fails as `read` does.
  Result<void> pack(const TarPlan& plan, std::uint64_t offset, const TarPlan::ReadFile& read, PackedBlock& into);

 private:
  std::size_t deflate(ByteView raw, std::span<std::uint8_t> into);
  Bytes level_buffer_, sample_, raw_;
};

// These go before and after the packed blocks. add() gets the blocks in their order.
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
