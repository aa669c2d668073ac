// Why: what a pool is told about this machine and about the user's wishes.
// Thread: plain values.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/budget.h"
#include "engine/devices.h"
#include "engine/free_memory.h"
#include "engine/kind.h"
#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

struct PoolOptions {
  fs::path run_folder;                   // sockets, 0700
  fs::path log_folder;                   // one log per model, rotated
  fs::path measured_file;                // measured.json
  fs::path fits_file;                    // fits.json; empty: no fit outlives the pool
  fs::path slot_folder;                  // KV caches of unloaded models, emptied at both ends; empty: none are kept
  std::uint64_t slot_limit = 4 * k_gib;  // bytes of all of them
  // For one of them; an engine that takes longer is not asked for more.
  std::chrono::milliseconds slot_deadline = std::chrono::seconds(10);
  Programs programs{};  // a lease on a model whose engine is missing fails with Code::unsupported
  // Says whether the files of a model are what they should be, before each start of its engine; empty: nobody looks. It is
  // called on a helper thread, may take minutes, tells how far it is (0…1), and ends soon after `stop` was requested. The
  // model's waiters get its error as it is.
  using Verify = std::function<Result<void>(const std::string& model_id, const std::stop_token& stop,
                                            const std::function<void(double)>& on_fraction)>;
  Verify verify{};
  std::uint64_t memory_budget = 0;  // bytes; 0: found from the devices, RAM and control group
  std::vector<Device> devices{};    // the GPUs that engines compute on
  std::uint32_t max_resident = 0;   // models at a time; 0: as many as fit
  std::chrono::seconds patience{10};
  std::chrono::seconds start_timeout{600};
  std::chrono::seconds idle_timeout{1800};
  std::chrono::seconds stop_grace{30};             // how long stop() waits for running leases
  std::uint32_t queue_limit = 256;                 // requests that wait for one model
  std::chrono::milliseconds measure_every{5'000};  // how often memory and health of running engines are looked at
  // How often it is looked whether memory is short while there are engines, and while one of them works.
  std::chrono::milliseconds watch_every{5'000}, watch_every_at_work{1'000};
  std::function<std::optional<std::uint64_t>()> free_memory = [] { return engine::free_memory(); };
  std::chrono::milliseconds silence_limit{60'000};  // a leased engine that does not answer at all for so long is ended
  std::chrono::milliseconds stuck_limit{600'000};   // and so is one whose computing part does not answer for so long
};

// What `options` leave for models: as configured, else found on this machine.
Budget budget_of(const PoolOptions& options);

}  // namespace eai::engine
