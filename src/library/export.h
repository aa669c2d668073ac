// Why: a model leaves this machine as blocks that anybody can prove: in one CAR file, or as files named by CID on a stick.
// Thread: the job's. Blocks on the disk.
// What holds: each leaf is hashed on its way out, so that no damaged model is passed on. A CAR begins with the metadata,
// which is its root, then come the inner blocks of each file and its leaves in their order; no block comes twice. It is
// written under another name, and gets its own name when it is complete.
#pragma once

#include "library/job.h"
#include "library/library.h"

namespace eai::library {

struct Exported {
  std::uint64_t blocks = 0, bytes = 0;
};

// `to`: a CAR file, an existing folder or a path that ends with a slash, or empty for `pipe`, a descriptor that is open.
// Code::unsupported: the model came as an archive, whose blocks are gone; Code::corrupt: it is damaged; Code::busy: the
// file exists already; Code::io; Code::cancelled.
Result<Exported> export_model(const Library& library, const store::Model& model, const std::string& to, int pipe,
                              Feed& feed, const std::stop_token& stop);

}  // namespace eai::library
