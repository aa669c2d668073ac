// Why: the envelope of every IPFS node that is not a bare leaf: links to other blocks, and some data.
// Thread: any; pure functions.
// Source: the dag-pb specification (PBNode, PBLink) and what kubo writes: links first, then data; inside a link hash,
// name, size; the name is written even when it is empty, because leaving it out changes the CID (docs/formats.md).
// What holds: decoding is strict (unknown or repeated fields, wrong wire types, fields out of order, a hash that is no
// CID are refused) and keeps the order of the links; memory used is bounded by the block's own length.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

// What a reader takes at most; we write at most half of it.
inline constexpr std::uint64_t k_block_limit = 2 * k_mib;

struct PbLink {
  Cid cid;
  std::string name;         // raw bytes; empty in files
  std::uint64_t tsize = 0;  // bytes of the block and all below it, as the writer claims: a hint, never a limit
};

struct PbNode {
  std::vector<PbLink> links;
  std::optional<Bytes> data;  // absent and empty are two things
};

Bytes encode_dag_pb(const PbNode& node);

// Code::invalid says what does not fit.
Result<PbNode> decode_dag_pb(ByteView block);

}  // namespace eai::ipld
