// Why: switch_bench.py needs switches between two models of which one fits, on command: for each line that this program
// reads, it prints the milliseconds from asking for the other model until that may be used.
//   switch_bench <llama-server> <folder for run files> <chat.gguf> <embeddings.gguf>
#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

#include "engine/pool.h"

namespace asio = boost::asio;
using eai::engine::LeaseRequest;
using eai::engine::Pool;
using Clock = std::chrono::steady_clock;

namespace {

asio::awaitable<void> use(Pool& pool, std::string id) {
  LeaseRequest request{std::move(id), Clock::now() + std::chrono::seconds(120), {}};
  const auto lease = co_await pool.lease(std::move(request));
  if (!lease) throw std::runtime_error(lease.error().message);
}

}  // namespace

int main(int count, char** words) {
  if (count != 5) return 2;
  asio::io_context context;
  eai::engine::PoolOptions options;
  options.programs["llama-server"] = words[1];
  options.run_folder = options.log_folder = words[2];
  options.max_resident = 1;
  options.memory_budget = 60 * eai::k_mib;  // room for one of them: the other ends before it starts
  std::vector<eai::engine::ModelSpec> models(2);
  for (int i = 0; i < 2; ++i) {
    auto& model = models[static_cast<std::size_t>(i)];
    model.id = model.folder_name = i == 0 ? "chat" : "embed";
    model.task = i == 0 ? eai::model::Task::chat : eai::model::Task::embed;
    model.gguf = words[3 + i];
  }
  Pool pool(context, options, models);
  const auto run = [&](asio::awaitable<void> work) {
    bool done = false;
    asio::co_spawn(context, std::move(work), [&](std::exception_ptr error) {
      if (error) std::rethrow_exception(error);
      done = true;
    });
    while (!done) context.run_one();
  };
  std::string line;
  while (std::getline(std::cin, line)) {
    const auto begun = Clock::now();
    run(use(pool, line));
    std::printf("%.3f\n", std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
    std::fflush(stdout);
  }
  run(pool.stop());
}
