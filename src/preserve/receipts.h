// Why: what is up stays up: a run that was killed goes on where it was, and sends nothing twice.
// Thread: any; one process at a time per journal (file lock).
// Format: one JSON object per line, {"home", "sha256" (hex, of a part's bytes, or of the CIDs in a CAR), "size", "cid"}; each line is synced
// before it counts. A torn last line is left out. A receipt is for bytes, not for names: when the folder changes,
// receipts of bytes that are the same still hold.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "content/cid.h"
#include "content/hash.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::preserve {

class Receipts {
 public:
  // Code::busy if another process preserves with the same journal.
  static Result<std::unique_ptr<Receipts>> open(const fs::path& file);
  std::optional<content::Cid> find(const std::string& home, const content::Sha256& sha256, std::uint64_t size) const;
  Result<void> add(const std::string& home, const content::Sha256& sha256, std::uint64_t size, const content::Cid& cid);
  // All is done: nothing to go on with.
  Result<void> remove();

 private:
  Receipts(fs::path file, FileLock lock, UniqueFd fd)
      : file_(std::move(file)), lock_(std::move(lock)), fd_(std::move(fd)) {}
  void read_line(std::string_view line);
  fs::path file_;
  FileLock lock_;
  UniqueFd fd_;
  mutable std::mutex mutex_;
  std::map<std::string, content::Cid> by_key_;
};

}  // namespace eai::preserve
