// Why: whether everything that was preserved is still there, byte for byte, is a question for each home and not for our
// memory.
// Thread: one; calls block.
// What holds: every block that arrives is hashed against its CID. Only inner blocks and some of the leaves are fetched,
// so the number of samples decides how likely it is to find a home that has lost one leaf in a thousand. The samples
// are drawn from the system's random numbers, so no home can know them beforehand.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "model/metadata.h"
#include "peers/block_source.h"

namespace eai::preserve {

struct AuditSettings {
  std::string kubo_api, lighthouse_gateway;
  peers::Tries tries;
  std::stop_token stop;
};
// "lighthouse", "kubo", "kubo:<URL>", "car:<file>" (read and verified as a whole here), or the URL of a gateway.
Result<std::unique_ptr<peers::BlockSource>> make_source(const std::string& word, const AuditSettings& settings);

struct Verdict {
  std::uint64_t leaves = 0;      // fetched and good
  std::uint64_t all_leaves = 0;  // of all parts or files; 0 if the home does not give single blocks
  std::uint64_t wholes = 0;      // whole parts or files, fetched and good, if it does not give single blocks
  std::uint64_t bytes = 0;       // in all of these and in the blocks above them
  std::vector<model::PartEntry> files;
  // The CAR of trees that the metadata may name, and what is wrong with it at this home. The model is whole without it;
  // only downloads from there take more requests.
  std::optional<model::PartEntry> tree_car;
  std::optional<Error> tree_car_fault;
};

// Fetches the metadata, then `samples` leaves chosen by chance from all parts or files; from a home that does not give
// single blocks, one whole part or file for every k_samples_per_whole of them. Code::corrupt, not_found or network
// names the block and what is wrong with it.
inline constexpr std::uint64_t k_samples_per_whole = 8;
Result<Verdict> audit(const ipld::Cid& hash, peers::BlockSource& source, std::uint64_t samples);

}  // namespace eai::preserve
