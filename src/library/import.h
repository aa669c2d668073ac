// Why: a model that somebody brings on a disk comes into the store without a network, and is proven like any other.
// Thread: the job's. Blocks on the disk.
#pragma once

#include <stop_token>
#include <string>
#include <vector>

#include "library/library.h"

namespace eai::library {

// What comes through a pipe, on the disk of `folder` for as long as this lives. It has no name there, so a kill leaves
// nothing.
class Spool {
 public:
  // Reads it to its end. Code::io; Code::cancelled.
  static Result<Spool> read(int from, const fs::path& folder, const std::stop_token& stop);
  const fs::path& path() const { return path_; }  // by which this process can open it

 private:
  Spool(UniqueFd file, fs::path path) : file_(std::move(file)), path_(std::move(path)) {}
  UniqueFd file_;
  fs::path path_;
};

// The models that a CAR, or a folder of blocks and CARs, has: those of the CARs' roots, and of blocks that are metadata.
// `label`: what people call the place. Code::invalid: there is none; Code::corrupt: the CAR is cut off; Code::not_found:
// there is no such file or folder.
Result<std::vector<ipld::Cid>> models_in(const fs::path& path, const std::string& label);

}  // namespace eai::library
