// Why: the Python tool keeps a model's metadata not as it came but read and written again, with a field of its own; the
// hash then fits no more. What it was can be found again, because the hash tells when it is right.
// Thread: any; a pure function.
// Source: Python's json.dump, which wrote the original (indent=4) and writes the copy (no indent, `filecoin_hash` added).
// What holds: names, texts and numbers are taken over letter by letter; only blanks between them are made anew.
#pragma once

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

// The document whose hash is `id`; Code::corrupt if `kept` is no copy of it.
Result<Bytes> recover_metadata(const ipld::Cid& id, ByteView kept);

}  // namespace eai::model
