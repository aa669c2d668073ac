// Why: unpacked files go to the partial folder under the names that the store expects. They are hashed on the way, so
// that nobody has to read them again for the manifest.
// Thread: one (the unpacking one).
// What holds: if the task needs a GGUF, a file whose first bytes are not those of a GGUF is refused before it is
// written. After a restart the bytes that lie on disk are hashed again and compared with what was noted, so that a file
// that has changed or was cut since then is found (Code::corrupt), and everything is fetched again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ipld/file_hasher.h"
#include "model/unpack.h"
#include "store/store.h"
#include "util/file.h"

namespace eai::fetch {

// A file as far as it has been written; kept beside the unpacker's checkpoint.
struct WrittenFile {
  std::string name;  // relative to the partial folder, as store::stored_name() gives it
  std::uint64_t size = 0;
  ipld::Sha256 sha256{};  // of these bytes
  bool operator==(const WrittenFile&) const = default;
};

class ModelWriter final : public model::UnpackSink {
 public:
  ModelWriter(fs::path folder, std::string model_name, model::Task task);

  // Before Unpacker::resume. Code::corrupt if a file is not as it was noted.
  Result<void> restore(const std::vector<WrittenFile>& files);

  Result<void> begin_file(const std::string& name, std::uint64_t size) override;
  Result<void> data(ByteView bytes) override;
  Result<void> end_file() override;
  Result<void> resume_file(const std::string& name, std::uint64_t size, std::uint64_t offset) override;

  // Everything handed over so far is safe on disk when it returns.
  Result<void> sync();
  // Finished files, and the open one last.
  std::vector<WrittenFile> written() const;
  std::vector<store::StoredFile> stored() const;
  // Of the stored files, in the same order; may be called once, after the last file has ended.
  store::FileLeaves take_leaves();

 private:
  Result<void> open(const std::string& name, int flags);
  Result<void> check_room(std::uint64_t bytes) const;

  fs::path folder_;
  std::string model_name_;
  model::Task task_;
  std::vector<WrittenFile> finished_;
  std::map<std::string, ipld::FileHasher> restored_;         // of files of an earlier run
  std::map<std::string, std::vector<ipld::Sha256>> leaves_;  // of files that have ended since
  UniqueFd file_;
  WrittenFile open_;
  std::optional<ipld::FileHasher> hasher_;  // of the open file
  std::uint64_t flushed_ = 0;               // of the open file: handed to the disk
};

}  // namespace eai::fetch
