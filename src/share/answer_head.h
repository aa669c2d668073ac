// Why: what the head of an answer says about it, in at most 2 KiB: some clients take no more.
// Thread: any; pure functions.
// Source: Path Gateway and Trustless Gateway specifications of IPFS, "Response Headers"; RFC 6266 (Content-Disposition).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "http/message.h"
#include "share/ask.h"

namespace eai::share {

// The entity tag of what is asked for; it depends on all that decides about the bytes.
std::string tag_of(const Ask& ask);

// `roots`: the root, and what each segment of the path led to.
http::HeaderList head_of(const Ask& ask, const std::vector<ipld::Cid>& roots);

// Of a record: it may change after `ttl`.
http::HeaderList record_head(const Ask& ask, ByteView record, std::chrono::seconds ttl);

http::Reply refusal_reply(const Refusal& refusal);

}  // namespace eai::share
