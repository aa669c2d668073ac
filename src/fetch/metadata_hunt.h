// Why: a model begins with its metadata, a small document that any source may have and whose hash is the model's name.
// Thread: one; blocks until somebody delivers it.
// What holds: not a byte is parsed before the hash fits the CID. Sources are asked in their order, and the next one as
// soon as one fails or is slow; each is asked for the raw block first, then for the file.
#pragma once

#include <stop_token>
#include <string>

#include "peers/gateway_client.h"

namespace eai::fetch {

// The number under which the book counts the metadata's attempts.
inline constexpr std::size_t k_metadata_piece = static_cast<std::size_t>(-1);

struct FoundMetadata {
  Bytes bytes;
  std::string source;  // who had it, as errors name sources
};

// Code::network: the message lists what each source did; Code::corrupt: the same, and every gateway sent wrong bytes;
// Code::cancelled: stopped; Code::unsupported: a hash function or a tree that this build cannot check.
Result<FoundMetadata> find_metadata(const ipld::Cid& id, peers::GatewayClient& client,
                                    const std::function<void()>& on_tick, const std::stop_token& stop);

}  // namespace eai::fetch
