// Why: the manifest says what a stored model is made of, so that the model can be found whole and be checked again
// without its source.
// Thread: any; these are pure functions.
// What holds: a parsed manifest names at least one file, each by an allowed name, and none twice.
// Format: one JSON object, {"format":2, "origin":"downloaded", "created":<seconds since 1970>, "files":[{"name",
// "size", "sha256" (hex)}, …], "trees":[{"name", "size", "sha256"}, …], "leaves":{"name", "size", "sha256"}, "damaged":[names]}. "trees"
// exists only if the trees were kept (trees.h), "leaves" only if this machine hashed the leaves itself (own_leaves.h), "damaged"
// only after a check that failed; format 1 had no "trees". A change that an older
// version may ignore is another field in the same format, and older versions keep it when they rewrite the
// manifest. Every other change, another origin included, takes the next format number: older versions then leave the
// model alone, because the number is the first thing that they read. A version reads every format up to its own.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "store/store.h"

namespace eai::store {

struct Manifest {
  Origin origin = Origin::downloaded;
  std::chrono::system_clock::time_point created{};
  std::vector<StoredFile> files;
  std::optional<std::vector<StoredFile>> trees = {};  // as in Model
  std::optional<StoredFile> leaves = {};              // as in Model
  std::vector<std::string> damaged = {};              // those of the files whose bytes a check found changed
};

inline constexpr std::int64_t k_manifest_format = 2;  // the one that is written, and the highest that is read
inline constexpr std::uint64_t k_manifest_limit = 4 * k_mib;

std::string to_json(const Manifest& manifest);
// Code::corrupt says what is wrong with it; Code::unsupported if it has a higher format than this version reads.
Result<Manifest> parse_manifest(ByteView json);

// The same manifest with another list of damaged files. Everything else in it stays, also fields that this version does
// not know. Fails as parse_manifest() does.
Result<std::string> with_damage(ByteView json, const std::vector<std::string>& damaged);
// The same with "leaves".
Result<std::string> with_leaves(ByteView json, const StoredFile& leaves);

}  // namespace eai::store
