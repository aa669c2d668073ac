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
  std::string text() const;  // the file's new content
  // Tells apart everything that changes how much an engine takes and what it computes.
  static std::string key_of(const ModelSpec& spec, const Launch& launch);

 private:
  std::map<std::string, std::uint64_t> peaks_;
};

}  // namespace eai::engine
