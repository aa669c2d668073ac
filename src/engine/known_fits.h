// Why: before it loads a model, an engine measures how the model fits the memory of its devices, which takes a second look
// at the whole file. What it has found is given back to it at its next start.
// Thread: one owner. The constructor, stamp_of and the static functions block on the disk.
// What holds: what is kept is given back only to the very program that told it. The engine itself decides whether it still
// holds. At most k_most_fits are kept, the latest ones. A file that is missing or damaged counts as empty.
// Source: {"<Measured::key_of>": {"engine": "<stamp_of>", "fit": "<StateNews::fit>"}, …}, the latest one last.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "util/file.h"

namespace eai::engine {

inline constexpr std::size_t k_most_fits = 64;

struct KnownFit {
  std::string engine;  // stamp_of its program
  std::string text;    // as the engine told it; empty: none
  bool operator==(const KnownFit&) const = default;
};

// Changes when the program is replaced. Empty if it is not there.
std::string stamp_of(const fs::path& program);

class KnownFits {
 public:
  explicit KnownFits(const fs::path& file);  // an empty path: there is no file, and nothing is known
  // Always with this stamp; the text is empty if none is known.
  KnownFit find(const std::string& key, const std::string& engine) const;
  // Keeps it instead of an earlier one; an empty text only removes that. True if this changed anything. Nothing is written.
  bool note(const std::string& key, const KnownFit& fit);
  // Does the same to the file. Everything else in it stays as it is by now. A failure leaves the file as it was.
  static Result<void> save(const fs::path& file, const std::string& key, const KnownFit& fit);
  // Removes all of the model with this id from the file. A failure leaves the file as it was.
  static Result<void> forget(const fs::path& file, const std::string& id);

 private:
  Result<void> write(const fs::path& file) const;
  std::vector<std::pair<std::string, KnownFit>> fits_;
};

}  // namespace eai::engine
