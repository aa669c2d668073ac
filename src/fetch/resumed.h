// Why: whatever kind of model is fetched, the same things are at hand for it, and what an earlier run left of its pieces
// is used again.
// Thread: the owner's, that of download(); it blocks on the disk.
#pragma once

#include <cstdint>
#include <stop_token>
#include <vector>

#include "fetch/journal.h"
#include "fetch/progress.h"
#include "fetch/wanted.h"
#include "model/metadata.h"
#include "peers/gateway_client.h"
#include "store/clone_file.h"
#include "store/leaf_check.h"
#include "store/store.h"

namespace eai::fetch {

// What is fetched, and with what. What it names must outlive the fetch.
struct Fetching {
  ipld::Cid id;
  const store::Store& store;
  fs::path folder;  // in which the model grows
  const model::Metadata& metadata;
  peers::GatewayClient& client;
  Reporter& reporter;
  std::stop_token stop;
  store::ShareBlocks share_blocks = store::share_blocks;

  fs::path journal() const { return folder / "journal"; }
};

// A part or a file of the metadata, whose bytes go to `file`.
Wanted wanted_of(const model::PartEntry& part, fs::path file);

enum class Left { used, dropped };

// The pieces of a model as they are added, in their order, each with what an earlier run noted of it, as far as its file
// reaches. A file of which nothing can be used is removed, unless its bytes can be proven without a note.
class Resumed {
 public:
  static Result<Resumed> read(const Fetching& of, Journal::Kind kind);

  Result<void> add(Wanted piece, Left left = Left::used);
  // The journal of this run, which begins with what is used.
  Result<Journal> begin_journal(const Fetching& of) const;
  std::vector<Wanted> take() { return std::move(wanted_); }
  std::size_t size() const { return wanted_.size(); }

 private:
  Resumed(Journal::Kind kind, std::vector<JournalEntry> before) : kind_(kind), before_(std::move(before)) {}

  Journal::Kind kind_;
  std::vector<JournalEntry> before_, kept_;
  std::vector<Wanted> wanted_;
};

// How much room the files below the folder take on the disk. A file with holes takes less than its size.
std::uint64_t room_taken_by(const fs::path& folder);

}  // namespace eai::fetch
