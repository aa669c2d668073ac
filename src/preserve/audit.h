// Why: what was preserved is still there, byte for byte, at each home: asked of the home, not of our memory.
// Thread: one; blocks.
// What holds: every block that comes is hashed against its CID. Only inner blocks and some leaves are fetched: a home
// that lost one leaf of a thousand is found out with the chance that the number of samples gives. Which ones is drawn
// from the system's random numbers, so that no home can know beforehand.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/metadata.h"
#include "preserve/home.h"

namespace eai::preserve {

// Where blocks come from. Code::not_found or network: it does not give this one.
class BlockSource {
 public:
  virtual ~BlockSource() = default;
  virtual const std::string& name() const = 0;
  virtual Result<Bytes> block(const ipld::Cid& cid) = 0;
  // All bytes of a file, as they come; `again`: from the start once more.
  virtual Result<void> whole(const ipld::Cid& cid, const std::function<Result<void>(ByteView)>& bytes,
                             const std::function<void()>& again) = 0;
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
  std::uint64_t all_leaves = 0;  // of all parts or files; 0 where the home gives no single blocks
  std::uint64_t wholes = 0;      // whole parts or files, fetched and good, where it gives no single blocks
  std::uint64_t bytes = 0;       // in all of these and in the blocks above them
  std::vector<model::PartEntry> files;
};

// Metadata, then `samples` leaves chosen by chance over all parts or files; of a home that gives no single blocks, one
// whole part or file for every k_samples_per_whole of them. Code::corrupt, not_found or network names the block and
// what is wrong with it.
inline constexpr std::uint64_t k_samples_per_whole = 8;
Result<Verdict> audit(const ipld::Cid& hash, BlockSource& source, std::uint64_t samples);

// A Filecoin deal, as Lighthouse tells of it; texts are fit for a terminal, empty where it says nothing.
struct Deal {
  std::string state, provider, id;
};
// The deals for a CID; none yet is an empty list. Source: `deal_status` of Lighthouse's API, in the shapes that its
// SDKs read. Code::network if it cannot be asked or what it says is not understood.
Result<std::vector<Deal>> deals_of(const std::string& api, const ipld::Cid& cid, const AuditSettings& settings);
Result<std::vector<Deal>> parse_deals(ByteView json);

}  // namespace eai::preserve
