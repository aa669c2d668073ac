// Why: every IPFS node that is not a bare leaf has this envelope: links to other blocks, and some data.
// Thread: any; these are pure functions.
// What holds: decoding is strict and keeps the order of the links. It refuses unknown or repeated fields, wrong wire
// types, fields out of order and a hash that is not a CID. It uses memory in proportion to the length of the block.
// Source: the dag-pb specification (PBNode, PBLink), written as kubo writes it: the links come before the data, and a
// link has hash, name and size in this order. An empty name is written too, because leaving it out changes the CID
// (docs/formats.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ipld/cid.h"
#include "util/bytes.h"
#include "util/result.h"

namespace eai::ipld {

// The largest block that a reader takes. We write at most half of it.
inline constexpr std::uint64_t k_block_limit = 2 * k_mib;

struct PbLink {
  Cid cid;
  std::string name;         // raw bytes; empty in files
  std::uint64_t tsize = 0;  // bytes of the block and all below it as the writer claims; a hint, never a limit
};

struct PbNode {
  std::vector<PbLink> links;
  std::optional<Bytes> data;  // absent and empty are not the same
};

Bytes encode_dag_pb(const PbNode& node);

// Code::invalid says what is wrong.
Result<PbNode> decode_dag_pb(ByteView block);

}  // namespace eai::ipld
