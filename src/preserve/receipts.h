// Why: a run remembers what it has sent, so that the next one continues where a killed one stopped and sends nothing
// twice.
// Thread: any; one process at a time per journal (file lock).
// Format: one JSON object per line, synced before it counts; a torn last line is ignored:
//   {"home", "sha256" (hex, of a part's bytes, or of the CIDs in a CAR), "size", "cid"}   the home has these bytes
//   {"home", "finished": the model's hash}                                                the home has all of the model
//   {"home", "place": text}                                                               where the bytes lie in it
//   {"profile", "by": a home, or ""}                                                      how the parts' trees are cut
// A receipt is for bytes and not for names: if the folder changes, receipts for bytes that are still the same hold.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>

#include "ipld/cid.h"
#include "ipld/hash.h"
#include "util/own_folder.h"
#include "util/result.h"

namespace eai::preserve {

class Receipts {
 public:
  // Code::busy if another process preserves with the same journal. Its folder is a secret OwnFolder.
  static Result<std::unique_ptr<Receipts>> open(const fs::path& file);
  std::optional<ipld::Cid> find(const std::string& home, const ipld::Sha256& sha256, std::uint64_t size) const;
  Result<void> add(const std::string& home, const ipld::Sha256& sha256, std::uint64_t size, const ipld::Cid& cid);
  // Bytes of all that this home has a receipt for.
  std::uint64_t bytes_at(const std::string& home) const;
  // The hash of the model, if this home has had all of it.
  std::optional<ipld::Cid> finished(const std::string& home) const;
  Result<void> finish(const std::string& home, const ipld::Cid& hash);
  // As the home itself calls it (Home::place()); empty if it was not told.
  std::string place(const std::string& home) const;
  Result<void> set_place(const std::string& home, const std::string& place);
  // Once the first part went out all later ones follow its profile, in later runs too: else the hash would change.
  struct Settled {
    std::string profile;
    std::string by;  // the home that chose it; empty: this program
  };
  std::optional<Settled> settled() const;
  Result<void> settle(Settled settled);
  // Nothing that was written down counts from now on.
  Result<void> forget();
  // The first thing that could not be written down. What was sent stays sent; only a later run would send it again.
  std::optional<Error> trouble() const;
  // Everything is done, and there is nothing to continue.
  Result<void> remove();

 private:
  Receipts(OwnFolder folder, fs::path file, FileLock lock, UniqueFd fd)
      : folder_(std::move(folder)), file_(std::move(file)), lock_(std::move(lock)), fd_(std::move(fd)) {}
  void read_line(std::string_view line);
  Result<void> append(const std::string& line);
  void remember(const std::string& home, const std::string& hash, std::uint64_t size, const ipld::Cid& cid);
  OwnFolder folder_;
  fs::path file_;
  FileLock lock_;
  UniqueFd fd_;
  mutable std::mutex mutex_;
  std::map<std::string, ipld::Cid> by_key_, finished_;
  std::map<std::string, std::uint64_t> bytes_at_;
  std::map<std::string, std::string> places_;
  std::optional<Settled> settled_;
  std::optional<Error> trouble_;
};

}  // namespace eai::preserve
