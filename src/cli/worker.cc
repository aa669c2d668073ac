// `eai worker`
#include "engine/worker.h"

#include <boost/json.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "library/engines.h"
#include "util/text.h"

namespace eai::cli {
namespace {

// Worker and llama-server speak the same protocol only if they are of the same version: it is looked for beside it.
Result<fs::path> find_worker(const Context& context) {
  EAI_TRY(const library::Engines engines, library::find_engines(context.config.engines, context.folders));
  const fs::path folder = engines.llama_server.empty() ? context.folders.programs : engines.llama_server.parent_path();
  fs::path program = folder / engine::k_rpc_server;
  if (::access(program.c_str(), X_OK) == 0) return program;
  return fail(Code::unsupported, program.string() +
                                     " is missing; build it with `make`, or name a llama-server that has it "
                                     "beside it (--llama-server)");
}

void warn(const std::string& host, Output& out) {
  out.note(out.colour_on_error() ? "\033[33mWarning:\033[0m" : "Warning:");
  out.note("  Anyone who can reach this port of " + host + " can use the worker, read and change what it computes,");
  out.note("  and probably take over this account: there is no password and no encryption.");
  out.note("  Only do this on a network where you trust every machine.");
}

}  // namespace

Result<int> worker(Context& context) {
  Output& out = context.out;
  engine::WorkerOptions options;
  EAI_TRY(options.program, find_worker(context));
  options.host = context.config.worker.host == "localhost" ? "127.0.0.1" : context.config.worker.host;
  options.port = static_cast<std::uint16_t>(context.config.worker.port);
  const bool exposed = !engine::is_loopback(options.host);
  if (exposed) warn(printable(options.host), out);
  engine::WorkerEvents events;
  events.ready = [&](std::uint16_t port, int pid) {
    const std::string address = options.host + ":" + std::to_string(port);
    out.event(boost::json::object{
        {"event", "ready"}, {"host", options.host}, {"port", port}, {"pid", pid}, {"exposed", exposed}});
    out.line("worker listening at " + out.styled(Style::bold, address));
    out.note("  use   eai model run <name> --rpc " +
             (options.host == "0.0.0.0" ? "<this machine>:" + std::to_string(port) : address));
    out.note("  end   Ctrl-C");
  };
  events.line = [&](std::string_view line) { out.note(line); };
  Interrupt interrupt;
  EAI_CHECK(engine::run_worker(options, events, interrupt.token()));
  return k_interrupted;
}

}  // namespace eai::cli
