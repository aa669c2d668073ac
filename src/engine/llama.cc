#include "engine/llama.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::uint32_t k_default_context = 32768;
constexpr std::uint32_t k_default_whole_batch = 8192;  // where the whole input must fit one batch
constexpr std::uint32_t k_smallest_context = 256;
constexpr std::uint32_t k_usual_batch = 512;
constexpr std::uint32_t k_whole_batch = 2048;
constexpr std::uint32_t k_default_slots = 4;
constexpr std::uint32_t k_pooling_last = 3, k_pooling_rank = 4;

enum class Value { none, number, word };
struct Option {
  std::string_view name;
  Value value;
};

// Names as they are given in the configuration, without short forms.
constexpr std::array k_allowed = {
    // Speed and memory.
    Option{"--threads", Value::number},
    Option{"--threads-batch", Value::number},
    Option{"--n-gpu-layers", Value::word},
    Option{"--gpu-layers", Value::word},
    Option{"--batch-size", Value::number},
    Option{"--ubatch-size", Value::number},
    Option{"--flash-attn", Value::word},
    Option{"--cache-type-k", Value::word},
    Option{"--cache-type-v", Value::word},
    Option{"--cache-ram", Value::number},
    Option{"--cache-reuse", Value::number},
    Option{"--ctx-checkpoints", Value::number},
    Option{"--split-mode", Value::word},
    Option{"--tensor-split", Value::word},
    Option{"--main-gpu", Value::number},
    Option{"--device", Value::word},
    Option{"--cpu-moe", Value::none},
    Option{"--n-cpu-moe", Value::number},
    Option{"--load-mode", Value::word},
    Option{"--numa", Value::word},
    Option{"--no-kv-offload", Value::none},
    Option{"--no-mmproj-offload", Value::none},
    Option{"--no-warmup", Value::none},
    Option{"--swa-full", Value::none},
    Option{"--no-kv-unified", Value::none},
    Option{"--prio", Value::number},
    Option{"--poll", Value::number},
    Option{"--cpu-mask", Value::word},
    Option{"--no-repack", Value::none},
    Option{"--threads-http", Value::number},
    // Reach.
    Option{"--rope-scaling", Value::word},
    Option{"--rope-scale", Value::number},
    Option{"--rope-freq-base", Value::number},
    Option{"--rope-freq-scale", Value::number},
    Option{"--yarn-orig-ctx", Value::number},
    Option{"--yarn-ext-factor", Value::number},
    Option{"--yarn-attn-factor", Value::number},
    Option{"--yarn-beta-slow", Value::number},
    Option{"--yarn-beta-fast", Value::number},
    Option{"--context-shift", Value::none},
    Option{"--keep", Value::number},
    Option{"--image-min-tokens", Value::number},
    Option{"--image-max-tokens", Value::number},
    // Defaults of sampling, used where a request is silent.
    Option{"--temp", Value::number},
    Option{"--top-k", Value::number},
    Option{"--top-p", Value::number},
    Option{"--min-p", Value::number},
    Option{"--top-nsigma", Value::number},
    Option{"--typical", Value::number},
    Option{"--xtc-probability", Value::number},
    Option{"--xtc-threshold", Value::number},
    Option{"--repeat-last-n", Value::number},
    Option{"--repeat-penalty", Value::number},
    Option{"--presence-penalty", Value::number},
    Option{"--frequency-penalty", Value::number},
    Option{"--dry-multiplier", Value::number},
    Option{"--dry-base", Value::number},
    Option{"--dry-allowed-length", Value::number},
    Option{"--dry-penalty-last-n", Value::number},
    Option{"--samplers", Value::word},
    Option{"--seed", Value::number},
    Option{"--n-predict", Value::number},
    // Chat.
    Option{"--chat-template", Value::word},
    Option{"--chat-template-kwargs", Value::word},
    Option{"--no-jinja", Value::none},
    Option{"--reasoning-format", Value::word},
    Option{"--reasoning-budget", Value::number},
    Option{"--reasoning", Value::word},
    Option{"--reasoning-effort", Value::word},
    // Embeddings and speculative decoding.
    Option{"--pooling", Value::word},
    Option{"--embd-normalize", Value::number},
    Option{"--spec-draft-n-max", Value::number},
    Option{"--spec-draft-n-min", Value::number},
    Option{"--spec-draft-p-min", Value::number},
    Option{"--spec-type", Value::word},
};

bool is_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  const auto dots = std::ranges::count(text, '.');
  return !text.empty() && text.size() <= 20 && dots <= 1 && text != "." &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

// Bytes of one number, in blocks of 32 with their scales where it is quantised.
double bytes_of_type(std::string_view type) {
  struct Type {
    std::string_view name;
    double bytes;
  };
  static constexpr Type k_types[] = {{"f32", 4},         {"q8_0", 34. / 32}, {"q5_1", 24. / 32},  {"q5_0", 22. / 32},
                                     {"q4_1", 20. / 32}, {"q4_0", 18. / 32}, {"iq4_nl", 18. / 32}};
  for (const Type& one : k_types)
    if (one.name == type) return one.bytes;
  return 2;  // f16, bf16
}

// What a user's engine options change of a launch.
void take_options(Launch& launch, const std::vector<std::string>& arguments) {
  if (const auto batch = parse_u64(value_of(arguments, "--ubatch-size")); batch && *batch > 0 && *batch < (1U << 20))
    launch.batch = static_cast<std::uint32_t>(*batch);
  launch.key_bytes = bytes_of_type(value_of(arguments, "--cache-type-k"));
  launch.value_bytes = bytes_of_type(value_of(arguments, "--cache-type-v"));
  launch.whole_window = std::ranges::find(arguments, "--swa-full") != arguments.end();
}

// The logical batch: for embeddings no more than one step, since the engine keeps the outputs of all of it.
std::uint32_t whole_batch(const ModelSpec& spec, const Launch& launch) {
  return spec.task == model::Task::embed ? launch.batch : std::max(launch.batch, k_whole_batch);
}

}  // namespace

std::string_view value_of(const std::vector<std::string>& arguments, std::string_view option) {
  for (std::size_t i = arguments.size(); i-- > 1;)
    if (arguments[i - 1] == option) return arguments[i];
  return {};
}

Launch plan_launch(const ModelSpec& spec, const model::GgufInfo& info) {
  Launch launch;
  const bool embeds = spec.task == model::Task::embed;
  // Pooling over all tokens needs the whole input in one batch; with the last token's the engine can go on in steps.
  const bool whole = embeds && info.pooling.value_or(0) != k_pooling_last;
  const std::uint64_t trained = info.context_length == 0 ? k_default_context : info.context_length;
  const std::uint64_t usual = std::min<std::uint64_t>(trained, whole ? k_default_whole_batch : k_default_context);
  const std::uint64_t wanted = spec.context_length == 0 ? usual : spec.context_length;
  launch.context = static_cast<std::uint32_t>(std::max<std::uint64_t>(wanted, k_smallest_context));
  launch.slots = spec.parallel == 0 ? k_default_slots : spec.parallel;
  launch.batch = whole ? std::max(launch.context, k_usual_batch) : k_usual_batch;
  take_options(launch, spec.extra_arguments);
  launch.outputs = embeds ? whole_batch(spec, launch) : launch.slots;
  launch.ranks = embeds && info.pooling == k_pooling_rank;
  launch.alias = spec.folder_name;
  return launch;
}

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
                                        std::to_string(whole_batch(spec, launch)),
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
  if (!launch.slot_folder.empty()) add_option("--slot-save-path", launch.slot_folder);
  arguments.insert(arguments.end(), spec.extra_arguments.begin(), spec.extra_arguments.end());
  return arguments;
}

Result<void> check_extra_arguments(const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const Option& option : k_allowed) names.emplace_back(option.name);
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const auto* option = std::ranges::find(k_allowed, std::string_view(arguments[i]), &Option::name);
    if (option == k_allowed.end()) {
      std::string message = "\"" + printable(arguments[i]) + "\" is not an engine option that may be set";
      const auto near = near_names(arguments[i], names);
      if (!near.empty()) message += "; did you mean " + near.front() + "?";
      return fail(Code::invalid, message);
    }
    if (option->value == Value::none) continue;
    if (++i == arguments.size()) return fail(Code::invalid, std::string(option->name) + " needs a value");
    if (option->value == Value::number && !is_number(arguments[i]))
      return fail(Code::invalid,
                  std::string(option->name) + " needs a number, not \"" + printable(arguments[i]) + "\"");
    if (option->value == Value::word && arguments[i].starts_with('-'))
      return fail(Code::invalid, std::string(option->name) + " needs a value, not \"" + printable(arguments[i]) + "\"");
  }
  return {};
}

}  // namespace eai::engine
