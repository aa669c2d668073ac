// Why: after kill -9 the next run must know which bytes of an unfinished piece are on disk.
// Thread: one.
// Format: text, one line per event, appended. The first line is "eai-journal 1 <cid>" or "eai-leaves 1 <cid>";
// "+ <piece> <begin> <end>" says that a range was written to the piece's file, "- <piece> <begin> <end>" that it is worth
// nothing. Only a complete line counts; reading ends at the first one that makes no sense, so a torn tail costs no more
// than itself.
// What holds: a line is written after the bytes that it describes. In an "eai-journal" it is a hint: the piece's hash
// decides. In an "eai-leaves" the bytes were proven and safe on the disk before; its pieces are other ones, too, so what
// one kind says means nothing to the other.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "util/file.h"

namespace eai::fetch {

struct JournalEntry {
  std::size_t piece = 0;
  ByteRange range;
  bool here = true;
  bool operator==(const JournalEntry&) const = default;
};

class Journal {
 public:
  enum class Kind { hints, leaves };

  // The kind of the journal that is there; nothing if there is none, or if it is that of another model.
  static Result<std::optional<Kind>> kind_at(const fs::path& path, const ipld::Cid& id);
  // What an earlier run noted; nothing if there is no such journal.
  static Result<std::vector<JournalEntry>> read(const fs::path& path, const ipld::Cid& id, Kind kind);

  // Begins a new journal that holds `entries`, in one step.
  static Result<Journal> begin(const fs::path& path, const ipld::Cid& id, Kind kind,
                               const std::vector<JournalEntry>& entries);

  Result<void> add(const JournalEntry& entry);

 private:
  explicit Journal(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace eai::fetch
