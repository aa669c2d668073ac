// Why: the folder becomes the parts of one gzip stream. They are packed on all cores in a single pass and hashed on the
// way.
// Thread: pack_archive() blocks its caller, whose thread also hashes the parts; `workers` do everything else.
// What holds: it writes only to files that the sink provides, and takes a few MiB of memory per worker.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>

#include "ipld/unixfs.h"
#include "model/archive_writer.h"
#include "preserve/known_blocks.h"
#include "preserve/source_files.h"
#include "preserve/workers.h"

namespace eai::preserve {

struct Part {
  std::string name;
  std::uint64_t size = 0;
  ipld::Sha256 sha256{};
  ipld::Profile profile;  // under which `root` holds
  ipld::TreeNode root;
  std::shared_ptr<SourceFile> bytes;  // null if the sink did not want them
  std::vector<BlockSize> blocks;      // of the tree
};

// Where parts go. Called from pack_archive()'s thread.
class PartSink {
 public:
  virtual ~PartSink() = default;
  struct Begin {
    std::shared_ptr<SourceFile> file;  // empty, to be written; null to throw the bytes away
    ipld::Profile profile;
  };
  // May block until there is room for one more part.
  virtual Result<Begin> begin(const std::string& name) = 0;
  virtual Result<void> end(Part part) = 0;
};

struct PackReport {
  std::uint64_t raw = 0, packed = 0;  // bytes
  std::uint64_t stored = 0;           // raw bytes in blocks that were not deflated, because a sample did not shrink
  std::size_t parts = 0;
};

struct PackOptions {
  std::string folder_name;
  std::uint64_t part_size = 512 * k_mib;
};

// `files` in the order of plan.files(). `progress`: raw bytes so far, and what packing made of them. Code::cancelled
// when stopped.
using OnPacked = std::function<void(std::uint64_t raw, std::uint64_t packed)>;
Result<PackReport> pack_archive(const model::TarPlan& plan, const SourceFiles& files, const PackOptions& options,
                                Workers& workers, PartSink& sink, const OnPacked& progress,
                                const std::stop_token& stop);

// About how many bytes pack_archive() will make, judged by blocks taken at even distances.
Result<std::uint64_t> estimate_packed(const model::TarPlan& plan, const SourceFiles& files);

}  // namespace eai::preserve
