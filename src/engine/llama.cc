#include "engine/llama.h"

#include <algorithm>
#include <array>

#include <boost/json.hpp>

#include "engine/llama_devices.h"
#include "engine/llama_launch.h"
#include "engine/llama_options.h"
#include "engine/state_line.h"

namespace eai::engine {

namespace {

using Action = SlotProtocol::Action;

constexpr std::array k_tasks = {model::Task::chat, model::Task::embed};
constexpr std::pair<std::string_view, std::string_view> k_environment[] = {
    // With this variable the engine tells its state, and ends when its input ends.
    {"LLAMA_SERVER_ROUTER_PORT", "1"},
    // Its many threads for requests would each keep a heap of their own, as large as their largest request.
    {"MALLOC_ARENA_MAX", "2"},
    // Our patch: weights get the faster layout once it has computed for so long, which is about what the copying takes.
    {"LLAMA_REPACK_AFTER_MS", "2000"}};

constexpr SlotProtocol k_slots{
    // An engine with a projector refuses to save.
    .keeps = [](const ModelSpec& spec) { return spec.task == model::Task::chat && !spec.projector; },
    .question =
        [](Action action, std::uint32_t slot, std::string_view file) {
          return SlotProtocol::Question{
              "/slots/" + std::to_string(slot) + "?action=" + (action == Action::save ? "save" : "restore"),
              boost::json::serialize(boost::json::object{{"filename", file}})};
        },
    .tokens = [](Action action, std::string_view reply) -> std::int64_t {
      boost::system::error_code error;
      const auto value = boost::json::parse(reply, error);
      if (error || !value.is_object()) return 0;
      const auto* count = value.get_object().if_contains(action == Action::save ? "n_saved" : "n_restored");
      return count != nullptr && count->is_int64() ? count->get_int64() : 0;
    }};

}  // namespace

std::vector<std::string> llama_arguments(const ModelSpec& spec, const Launch& launch, const std::string& socket) {
  std::vector<std::string> arguments = {"--model",
                                        spec.gguf.string(),
                                        "--alias",
                                        launch.alias,
                                        "--host",
                                        socket,
                                        "--ctx-size",
                                        std::to_string(launch.context),
                                        "--parallel",
                                        std::to_string(launch.slots),
                                        "--kv-unified",
                                        "--batch-size",
                                        std::to_string(logical_batch(spec, launch)),
                                        "--ubatch-size",
                                        std::to_string(launch.batch),
                                        "--cache-ram",
                                        std::to_string(launch.cache_ram / k_mib),
                                        "--offline",
                                        "--no-ui",
                                        "--no-slots",
                                        "--metrics",
                                        "--cors-origins",
                                        "localhost",
                                        "--no-cors-credentials"};
  const auto add_option = [&](std::string_view name, const std::string& value) {
    arguments.emplace_back(name);
    arguments.push_back(value);
  };
  if (spec.task == model::Task::embed) arguments.emplace_back("--embeddings");
  if (launch.ranks) add_option("--pooling", "rank");
  if (spec.projector) add_option("--mmproj", spec.projector->string());
  for (const Adapter& adapter : spec.adapters) {
    if (adapter.scale == 1)
      add_option("--lora", adapter.gguf.string());
    else
      add_option("--lora-scaled", adapter.gguf.string() + ":" + std::to_string(adapter.scale));
  }
  if (spec.draft) {
    add_option("--spec-draft-model", spec.draft->string());
    add_option("--spec-type", "draft-simple");  // without a type the draft is loaded and never asked
  }
  if (!spec.workers.empty()) {
    std::string list;
    for (const std::string& worker : spec.workers) list += (list.empty() ? "" : ",") + worker;
    add_option("--rpc", list);
  }
  // Where all memory is the host's, there is nothing to decide or to warm up: a second look at the model, and a token that
  // nobody asked for, would only make the first answer later. Where the user has decided, the look decides nothing.
  const bool has_device = launch.on_device || !spec.workers.empty();
  if (!has_device || places_layers(spec.extra_arguments)) add_option("--fit", "off");
  if (!has_device) arguments.emplace_back("--no-warmup");
  if (!launch.slot_folder.empty()) add_option("--slot-save-path", launch.slot_folder);
  arguments.insert(arguments.end(), spec.extra_arguments.begin(), spec.extra_arguments.end());
  return arguments;
}

namespace {

Result<Inspection> inspect(const ModelSpec& spec, const std::vector<Device>& devices) {
  auto found = inspect_llama_model(spec);
  if (found) found->launch.on_device = !devices.empty();
  return found;
}

}  // namespace

constinit const EngineKind k_llama{
    .program = "llama-server",
    .tasks = k_tasks,
    .takes_settings = true,
    .take_wishes = [](ModelSpec&, const Wishes&) {},  // they are all about pictures
    .inspect = inspect,
    .arguments = llama_arguments,
    .environment = k_environment,
    .fit_variable = "LLAMA_KNOWN_FIT",  // our patch
    .read_line = read_state_line,
    .health = "/health",
    .progress = "/metrics",
    .slots = &k_slots,
    .list_devices = list_llama_devices,
};

}  // namespace eai::engine
