// Why: the Python tool does not keep a model's metadata as it was: it reads it, adds a field of its own and writes it
// again, so that the hash no longer matches. The original can be found again, because the hash shows when it is right.
// Thread: any; this is a pure function.
// What holds: names, texts and numbers are copied letter by letter; only the blanks between them are written anew.
// Source: Python's json.dump, which wrote the original with indent=4 and writes the copy without indent and with the
// added field `filecoin_hash`.
#pragma once

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::model {

// The document whose hash is `id`; Code::corrupt if `kept` is not a copy of it.
Result<Bytes> recover_metadata(const ipld::Cid& id, ByteView kept);

}  // namespace eai::model
