// Why: a server may share models beside its work. What it shares changes with its configuration.
// Thread: the calls are the server's. Opening, starting and ending a share may take a while, and happen on a thread of
// this class, which steps back for everything else.
// What holds: a share that cannot be opened never harms the server: status() and the log say why. What is no longer named
// is no longer shared as soon as that thread gets to it, before anything new is opened.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include <boost/asio/thread_pool.hpp>
#include <boost/json/value.hpp>

#include "cli/seeder.h"
#include "util/folders.h"

namespace eai::cli {

class ServerShare {
 public:
  explicit ServerShare(const Folders& folders) : folders_(folders) {}
  ~ServerShare();  // ends what runs

  // Shares what these settings name from now on. Returns at once.
  void take(const ShareSettings& settings);

  // What Seeder::status() says; {"error": …}; null if nothing is to be shared.
  boost::json::value status() const;
  std::string metrics() const;

 private:
  void open(const ShareSettings& settings);
  Result<library::Seed> seed_of(const ShareSettings& settings) const;
  std::shared_ptr<Seeder> seeder() const;
  void put(std::shared_ptr<Seeder> seeder, std::optional<Error> failure);

  const Folders& folders_;
  std::stop_source stop_;
  ShareSettings settings_;  // the opener's: what was opened last
  mutable std::mutex mutex_;
  std::shared_ptr<Seeder> seeder_;
  std::optional<Error> failure_;
  boost::asio::thread_pool opener_{1};  // last: it uses all above
};

}  // namespace eai::cli
