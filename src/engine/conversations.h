// Why: a model that goes takes the KV caches of its slots with it. They are saved before its engine ends and read back when
// it starts again, so that a conversation goes on without its beginning being computed once more.
// Thread: the pool's; only keep_within() runs on a helper thread, with values.
// What holds: a file is read back at most once, and only into the same model with the same context and slots; nothing of an
// earlier server is used; the folder stays within its limit, the oldest files go first; nothing outlives clear().
// An engine that leaves one question unanswered is asked no more of them.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>

#include "engine/engine_life.h"
#include "engine/model_plan.h"
#include "http/unix_client.h"
#include "util/own_folder.h"

namespace eai::engine {

class Conversations {
 public:
  // An empty folder: none are kept.
  Conversations(fs::path folder, std::uint64_t limit, std::chrono::milliseconds deadline);
  // Other settings. If the folder is another one, the old one is cleared.
  void reload(fs::path folder, std::uint64_t limit, std::chrono::milliseconds deadline);
  void clear() const;
  // Removes everything that was saved of the model with this id, also by a server that was killed. A server that runs
  // computes again what it can no longer read back.
  static void forget_all(const fs::path& folder, const std::string& id);

  // Whether the model's conversations are kept: its engine can save them, and a full context is within the limit (a larger
  // one would only be thrown away).
  bool keeps(const ModelPlan& plan) const;
  const fs::path& folder() const { return folder_; }

  // Both end early when the engine is gone. Both require keeps().
  boost::asio::awaitable<void> save(const ModelPlan& plan, std::shared_ptr<EngineLife> life,
                                    boost::asio::thread_pool& helper);
  boost::asio::awaitable<void> restore(const ModelPlan& plan, std::shared_ptr<EngineLife> life);
  void forget(const ModelPlan& plan) const;

 private:
  void prepare();

  fs::path folder_;
  std::optional<OwnFolder> own_;  // the folder, if there is one and it is ours alone
  std::uint64_t limit_;           // bytes of all files
  std::chrono::milliseconds deadline_;
};

}  // namespace eai::engine
