// Why: `share` hands out what others keep, and does not know where that is. Whoever starts it brings one of these.
// Thread: the share's own, one call at a time. Calls may block on the disk.
// What holds: what is handed out was proven; where it cannot be, it is not handed out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "ipld/ipns.h"
#include "util/placed_bytes.h"
#include "util/result.h"

namespace eai::share {

inline constexpr std::size_t k_nothing = SIZE_MAX;

// Some bytes, and a number for what they belong to: the counts are kept by it.
struct Found {
  PlacedBytes bytes;
  std::size_t of = k_nothing;
};

class BlockSource {
 public:
  virtual ~BlockSource() = default;
  // A block. Code::not_found: it is not shared here; Code::corrupt: it is damaged.
  virtual Result<Found> block(const ipld::Cid& cid) = 0;
  // The size of the file with this root, if it can be given as it is.
  virtual std::optional<std::uint64_t> file_size(const ipld::Cid& root) = 0;
  // The bytes of such a file from `offset`, which is below its size: at least one, at most some MiB. Who holds what it got
  // last can go on although the file has been removed.
  virtual Result<Found> file_part(const ipld::Cid& root, std::uint64_t offset) = 0;
  // A signed IPNS record of this name.
  virtual std::optional<Bytes> record(const ipld::IpnsName& name) = 0;
  // Bytes of all that has this number.
  virtual std::uint64_t size(std::size_t of) const = 0;
};

}  // namespace eai::share
