// [engines] and [worker]: the programs that compute.
#include "cli/settings_rows.h"

namespace eai::cli {

std::vector<Setting> engines_settings() {
  using S = EngineSettings;
  const Rows<S> in(&Config::engines);
  return {
      in.text("engines.llama_server", "EAI_LLAMA_SERVER", "--llama-server", &S::llama_server,
              "The llama-server program to use", {.value_name = "FILE", .usual = "in libexec/eai, else in PATH"}),
      in.text("engines.image_engine", "EAI_IMAGE_ENGINE", "--image-engine", &S::image_engine,
              "The eai-image-engine program to use", {.value_name = "FILE", .usual = "in libexec/eai, else in PATH"}),
      in.list("engines.workers", "EAI_WORKERS", "--rpc", &S::workers,
              "Workers (`eai worker`) that hold the models, as host:port,host:port", {.value_name = "WORKERS"}),
  };
}

std::vector<Setting> worker_settings() {
  using S = WorkerSettings;
  const Rows<S> in(&Config::worker);
  return {
      in.text("worker.host", "EAI_WORKER_HOST", "--host", &S::host, "IPv4 address for the worker to listen on",
              {.value_name = "ADDRESS"}),
      in.number("worker.port", "EAI_WORKER_PORT", "--port", &S::port,
                "Port for the worker to listen on; 0 takes a free one", {.highest = 65535}),
  };
}

}  // namespace eai::cli
