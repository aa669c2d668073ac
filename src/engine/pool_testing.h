// Why: a pool whose engines are fakes that misbehave on demand, for tests.
// Thread: the test's own, which also runs the io_context.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <gtest/gtest.h>

#include "engine/gguf_testing.h"
#include "engine/pool.h"
#include "http/unix_client.h"

namespace eai::engine {

namespace asio = boost::asio;
using std::chrono::milliseconds;
using std::chrono::seconds;

inline asio::awaitable<void> take_lease(Pool& pool, LeaseRequest request, std::optional<Result<Lease>>& into) {
  into.emplace(co_await pool.lease(std::move(request)));
}

struct PoolTest : ::testing::Test {
  ModelSpec model(const std::string& behaviour) {
    ModelSpec spec;
    spec.id = "id" + behaviour;
    spec.folder_name = behaviour;
    spec.gguf = folder.path() / (behaviour + ".gguf");
    spec.parallel = 2;
    write_shape({.blocks = 1, .width = 32, .feed = 32, .heads = 1, .kv_heads = 1, .head = 32, .vocabulary = 16},
                spec.gguf);
    return spec;
  }
  PoolOptions options() {
    PoolOptions result;
    result.run_folder = folder.path() / "run";
    result.log_folder = folder.path() / "logs";
    result.measured_file = folder.path() / "measured.json";
    result.fits_file = folder.path() / "fits.json";
    result.programs["llama-server"] = fs::path(EAI_SOURCE_DIR) / "tests/fakes/fake_engine.py";
    result.stop_grace = seconds(0);
    return result;
  }
  // Runs until `done`; a watchdog turns a hang into a failure.
  void run_until(bool& done) {
    asio::steady_timer watchdog(context, seconds(30));
    watchdog.async_wait([&](boost::system::error_code error) {
      if (!error) context.stop();
    });
    while (!done && !context.stopped()) context.run_one();
    watchdog.cancel();
    ASSERT_TRUE(done) << "it hangs";
  }
  Result<Lease> lease(Pool& pool, const std::string& id, Span limit = seconds(20)) {
    std::optional<Result<Lease>> got;
    bool done = false;
    LeaseRequest request{id, std::chrono::steady_clock::now() + limit, {}};
    asio::co_spawn(context, take_lease(pool, std::move(request), got), [&](std::exception_ptr) { done = true; });
    run_until(done);
    return got ? std::move(*got) : Result<Lease>(fail(Code::io, "no result"));
  }
  void stop(Pool& pool) {
    bool done = false;
    asio::co_spawn(context, pool.stop(), [&](std::exception_ptr) { done = true; });
    run_until(done);
  }
  // Runs the loop until the pool is in a state, as seen by status().
  void wait_for(Pool& pool, State state) {
    const auto end = std::chrono::steady_clock::now() + seconds(20);
    while (pool.status()[0].state != state) {
      ASSERT_LT(std::chrono::steady_clock::now(), end) << "still " << name_of(pool.status()[0].state);
      context.run_one_for(milliseconds(50));
    }
  }
  int get(const fs::path& socket, std::string target) {
    int status = 0;
    bool done = false;
    http::UnixClient client(context);
    http::Ask ask;
    ask.target = std::move(target);
    asio::co_spawn(context, client.fetch(socket, std::move(ask)), [&](std::exception_ptr, Result<http::Reply> reply) {
      status = reply ? reply->status : -1;
      done = true;
    });
    run_until(done);
    return status;
  }
  std::size_t files_in(const fs::path& path) {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(path), fs::directory_iterator()));
  }

  TemporaryFolder folder;
  asio::io_context context;
};

}  // namespace eai::engine
