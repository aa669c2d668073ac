// Why: what was preserved is still there, byte for byte, at each home: asked of the home, not of our memory.
// Thread: one; blocks.
// What holds: every block that comes is hashed against its CID. Only inner blocks and some leaves are fetched: a home
// that lost one leaf of a thousand is found out with the chance that the number of samples gives.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "content/metadata.h"
#include "preserve/home.h"

namespace eai::preserve {

// Where single blocks come from. Code::not_found or network: it does not give this one.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual const std::string& name() const = 0;
  virtual Result<Bytes> block(const content::Cid& cid) = 0;
};

struct AuditSettings {
  std::string kubo_api, lighthouse_gateway;
  Tries tries;
  std::stop_token stop;
};
// "lighthouse", "kubo", "kubo:<URL>", "car:<file>" (read and verified as a whole here), or the URL of a gateway.
Result<std::unique_ptr<BlockSource>> make_source(const std::string& word, const AuditSettings& settings);

struct Verdict {
  std::uint64_t leaves = 0;      // fetched and good
  std::uint64_t bytes = 0;       // in them and in the blocks above them
  std::uint64_t all_leaves = 0;  // of the parts or files that were looked into
};

// Metadata, then `samples` leaves chosen by chance over all parts or files. Code::corrupt, not_found or network names
// the block and what is wrong with it.
Result<Verdict> audit(const content::Cid& hash, BlockSource& source, std::uint64_t samples);

// What Lighthouse says of Filecoin deals for this CID: its own JSON, not interpreted. Code::network if it says nothing.
Result<std::string> deal_state(const std::string& api, const content::Cid& cid, const AuditSettings& settings);

}  // namespace eai::preserve
