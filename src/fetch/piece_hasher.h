// Why: a piece is hashed while it arrives, so that its verdict is there soon after its last byte.
// Thread: the owner calls; one helper thread reads the files and hashes, the lowest piece first.
// What holds: bytes are hashed as they lie on disk (they come from the page cache); what is thrown away and comes again
// is hashed again.
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

// What the helpers of a download have to say.
struct HelperNews {
  enum class Kind { hashed, unpacked, failed } kind{};
  std::size_t piece = 0;         // hashed: this one; unpacked: all in front of it
  ipld::Sha256 sha256{};         // hashed
  std::uint64_t generation = 0;  // hashed: of the reset() it follows
  Error error;                   // failed
};
using HelperMail = Mailbox<HelperNews>;

class PieceHasher {
 public:
  explicit PieceHasher(HelperMail& mail);
  ~PieceHasher();
  PieceHasher(const PieceHasher&) = delete;
  PieceHasher& operator=(const PieceHasher&) = delete;

  // The first `prefix` of `size` bytes of the piece's file are there. At `size` the hash is reported once.
  void extend(std::size_t piece, const std::shared_ptr<UniqueFd>& file, std::uint64_t prefix, std::uint64_t size);
  // What was hashed of the piece counts for nothing. Returns the new generation.
  std::uint64_t reset(std::size_t piece);

 private:
  struct Job {
    std::shared_ptr<UniqueFd> file;
    std::uint64_t hashed = 0, prefix = 0, size = 0, generation = 0;
    ipld::Sha256Hasher hasher;
    bool reported = false;
    bool waits() const { return file && !reported && (hashed < prefix || hashed == size); }
  };
  void run();
  std::map<std::size_t, Job>::iterator find_work();

  HelperMail& mail_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::size_t, Job> jobs_;
  std::uint64_t generations_ = 0;
  bool stop_ = false;
  std::thread thread_;
};

}  // namespace eai::fetch
