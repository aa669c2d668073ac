// Why: what is up stays up: a run that was killed goes on where it was, and sends nothing twice.
// Thread: any; one process at a time per journal (file lock).
// Format: one JSON object per line, synced before it counts; a torn last line is left out:
//   {"home", "sha256" (hex, of a part's bytes, or of the CIDs in a CAR), "size", "cid"}   these bytes are there
//   {"home", "finished": the model's hash}                                                all of the model is there
//   {"profile", "by": a home, or ""}                                                      how the parts' trees are cut
// A receipt is for bytes, not for names: when the folder changes, receipts of bytes that are the same still hold.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "ipld/cid.h"
#include "ipld/hash.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::preserve {

class Receipts {
 public:
  // Code::busy if another process preserves with the same journal.
  static Result<std::unique_ptr<Receipts>> open(const fs::path& file);
  std::optional<ipld::Cid> find(const std::string& home, const ipld::Sha256& sha256, std::uint64_t size) const;
  Result<void> add(const std::string& home, const ipld::Sha256& sha256, std::uint64_t size, const ipld::Cid& cid);
  // Bytes of all that this home has a receipt for.
  std::uint64_t bytes_at(const std::string& home) const;
  // The hash of the model that this home has had all of.
  std::optional<ipld::Cid> finished(const std::string& home) const;
  Result<void> finish(const std::string& home, const ipld::Cid& hash);
  // Once the first part went out all later ones follow its profile, in later runs too: else the hash would change.
  struct Settled {
    std::string profile;
    std::string by;  // the home that chose it; empty: this program
  };
  std::optional<Settled> settled() const;
  Result<void> settle(Settled settled);
  // Nothing that was written down counts any more.
  Result<void> forget();
  // All is done: nothing to go on with.
  Result<void> remove();

 private:
  Receipts(fs::path file, FileLock lock, UniqueFd fd)
      : file_(std::move(file)), lock_(std::move(lock)), fd_(std::move(fd)) {}
  void read_line(std::string_view line);
  Result<void> append(const std::string& line);
  void remember(const std::string& home, const std::string& hash, std::uint64_t size, const ipld::Cid& cid);
  fs::path file_;
  FileLock lock_;
  UniqueFd fd_;
  mutable std::mutex mutex_;
  std::map<std::string, ipld::Cid> by_key_, finished_;
  std::map<std::string, std::uint64_t> bytes_at_;
  std::optional<Settled> settled_;
};

}  // namespace eai::preserve
