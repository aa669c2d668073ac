// Why: a model that is larger than one machine is spread over several. Each of the others runs a worker, llama.cpp's own
// ggml-rpc-server, and llama-server is told where the workers are.
// Thread: run_worker blocks its caller; the rest are pure functions.
// What holds: a worker trusts everyone who can reach its port (there is no password and no encryption, and some commands can
// crash it or do worse), so the caller warns if that is more than this machine. A worker dies with this program.
// Source: ggml-rpc-server --help of llama.cpp v0.5.0.
#pragma once

#include <functional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "util/file.h"
#include "util/result.h"

namespace eai::engine {

inline constexpr std::string_view k_rpc_server = "ggml-rpc-server";

struct WorkerOptions {
  fs::path program;
  std::string host = "127.0.0.1";  // an IPv4 address of this machine
  std::uint16_t port = 0;          // 0: any free one
};

struct WorkerEvents {
  std::function<void(std::uint16_t port, int pid)> ready;  // it accepts connections
  std::function<void(std::string_view line)> line;         // what it says from then on
};

// Runs until a stop is requested through `stop`. Code::invalid: the host is not an IPv4 address; Code::io: the worker could
// not be started, the port is not free, or the worker ended by itself (the message has its last words). Nothing is left
// running.
Result<void> run_worker(const WorkerOptions& options, const WorkerEvents& events, const std::stop_token& stop);

bool is_loopback(std::string_view ipv4);

// Each list is "a:50052,b:50052"; the result has one host:port each. Code::invalid names the wrong one.
Result<std::vector<std::string>> parse_workers(const std::vector<std::string>& lists);

}  // namespace eai::engine
