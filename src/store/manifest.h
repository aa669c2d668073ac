// Why: what a committed model is made of, so that it can be found whole and checked again without its source.
// Thread: any; pure functions.
// Format: one JSON object, {"format":1, "origin":"downloaded", "created":<seconds since 1970>,
// "files":[{"name", "size", "sha256" (hex)}, …], "damaged":[names]}; "damaged" only after a check that failed.
// What holds: a parsed manifest names at least one file, each by an allowed name, no name twice.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "store/store.h"

namespace eai::store {

struct Manifest {
  Origin origin = Origin::downloaded;
  std::chrono::system_clock::time_point created{};
  std::vector<StoredFile> files;
  std::vector<std::string> damaged = {};  // of the files: whose bytes a check found changed
};

inline constexpr std::uint64_t k_manifest_limit = 4 * k_mib;

std::string to_json(const Manifest& manifest);
// Code::corrupt says what is wrong with it.
Result<Manifest> parse_manifest(ByteView json);

// "model.gguf", "projector.gguf", or "payload/" and plain components: no empty, "." or ".." component, no control
// character, no backslash, at most 255 bytes each.
bool is_allowed_name(std::string_view name);

}  // namespace eai::store
