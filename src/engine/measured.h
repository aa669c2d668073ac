// Why: what a model really took on this machine is a better figure than any estimate.
// Thread: one owner; key_of is pure.
// What holds: a peak only ever grows. A file that is missing or damaged counts as empty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "util/file.h"

namespace eai::engine {

struct Launch;
struct ModelSpec;

// Peaks of memory seen on this machine, by model and launch; kept in a small JSON file.
class Measured {
 public:
  explicit Measured(fs::path file);
  std::optional<std::uint64_t> peak(const std::string& key) const;
  // Keeps the larger one; true if it changed. Nothing is written.
  bool note(const std::string& key, std::uint64_t peak);
  // Writes one peak into the file. Everything else in it stays as it is by now, whatever was read from it earlier: what
  // forget() removed does not come back. A failure leaves the file as it was.
  static Result<void> save(const fs::path& file, const std::string& key, std::uint64_t peak);
  // Removes all peaks of the model with this id from the file. A failure leaves the file as it was.
  static Result<void> forget(const fs::path& file, const std::string& id);
  // Tells apart everything that changes how much an engine takes and what it computes.
  static std::string key_of(const ModelSpec& spec, const Launch& launch);

 private:
  Result<void> write(const fs::path& file) const;
  std::map<std::string, std::uint64_t> peaks_;
};

}  // namespace eai::engine
