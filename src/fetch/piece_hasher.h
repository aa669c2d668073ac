// Why: a piece is hashed while it arrives, so that its verdict is there soon after its last byte.
// Thread: the owner calls; one helper thread reads the files and hashes, the lowest piece first.
// What holds: bytes are hashed as they lie on disk (they come from the page cache), each of them once; only what was
// thrown away and came again is hashed again.
#pragma once

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

#include "fetch/mailbox.h"
#include "ipld/hash.h"
#include "util/file.h"

namespace eai::fetch {

struct HashNews {
  std::size_t piece = 0;
  std::uint64_t generation = 0;  // of the reset() it follows
  Result<ipld::Sha256> sha256;   // of the whole piece; an error of the disk
};
using HashMail = Mailbox<HashNews>;

class PieceHasher {
 public:
  explicit PieceHasher(HashMail& mail);
  ~PieceHasher();
  PieceHasher(const PieceHasher&) = delete;
  PieceHasher& operator=(const PieceHasher&) = delete;

  // The piece lies in the file from `base` on, and the first `prefix` of its `size` bytes are there. When all of them
  // are, the hash is reported once.
  void extend(std::size_t piece, const std::shared_ptr<UniqueFd>& file, std::uint64_t base, std::uint64_t prefix,
              std::uint64_t size);
  // What was hashed of the piece counts for nothing. Returns the new generation.
  std::uint64_t reset(std::size_t piece);

 private:
  struct Job {
    std::shared_ptr<UniqueFd> file;
    std::uint64_t base = 0, hashed = 0, prefix = 0, size = 0, generation = 0;
    ipld::Sha256Hasher hasher;
    bool reported = false;
    bool waits() const { return file && !reported && (hashed < prefix || hashed == size); }
  };
  void run();
  std::map<std::size_t, Job>::iterator find_work();

  HashMail& mail_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, Job> jobs_;
  std::uint64_t generations_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace eai::fetch
