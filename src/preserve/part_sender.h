// Why: the parts of an archive go to all homes while the next parts are being packed, and every home keeps them as the
// same trees.
// Thread: one, that of pack_archive().
// What holds: at most `room` parts lie on the disk at once, in files without a name that vanish with the process. The
// first part shows how a service that cuts files in its own way does so, and all later parts and all other homes
// follow. What a run settles is written down, so that later runs make the same trees.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "model/metadata.h"
#include "preserve/pack_archive.h"
#include "preserve/targets.h"

namespace eai::preserve {

class PartSender final : public PartSink {
 public:
  // Without targets, parts are hashed and thrown away.
  PartSender(Targets& targets, fs::path work_folder, std::size_t room, std::stop_token stop);
  ~PartSender() override;

  // Before the first part, if there are targets. Code::unsupported if an earlier run settled something that this
  // version does not know.
  Result<void> follow(Receipts& receipts);

  Result<Begin> begin(const std::string& name) override;
  Result<void> end(Part part) override;

  const ipld::Profile& profile() const { return profile_; }
  std::vector<model::PartEntry> take_entries() { return std::move(entries_); }
  std::vector<BlockSize> take_blocks() { return std::move(blocks_); }
  std::vector<TreeEnd> take_tree_ends() { return std::move(tree_ends_); }

 private:
  class Window;
  Result<const Sender*> settle(Parcel& parcel);
  Result<void> learn(Sender& teacher, Parcel& parcel);
  Result<void> cut_again(Part& part, Parcel& parcel) const;

  Targets& targets_;
  fs::path work_folder_;
  std::stop_token stop_;
  std::shared_ptr<Window> window_;
  Receipts* receipts_ = nullptr;
  ipld::Profile profile_ = ipld::k_unixfs_v1_2025;
  std::optional<std::string> settled_by_;  // the home that chose the profile; empty: it is ours
  std::vector<model::PartEntry> entries_;
  std::vector<BlockSize> blocks_;
  std::vector<TreeEnd> tree_ends_;
};

}  // namespace eai::preserve
