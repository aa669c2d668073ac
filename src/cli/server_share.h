// Why: a server may give models on beside its work. What it gives changes with its configuration.
// Thread: the server's, except for open_share_of().
// What holds: a share that cannot be opened never harms the server: status() and the log say why.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include <boost/json/value.hpp>

#include "cli/seeder.h"
#include "util/folders.h"

namespace eai::cli {

// What the settings name. Blocks on the disk; what cannot be given on is logged.
Result<library::Seed> open_share_of(const ShareSettings& settings, const Folders& folders, const std::stop_token& stop);

class ServerShare {
 public:
  // Gives this on from now on; with other places or rules than before it begins anew.
  void take(Result<library::Seed> seed, const ShareSettings& settings);

  // What Seeder::status() says; {"error": …}; null if nothing is to be given on.
  boost::json::value status() const;
  std::string metrics() const;

 private:
  std::unique_ptr<Seeder> seeder_;
  ShareSettings settings_;
  std::optional<Error> failure_;
};

}  // namespace eai::cli
