#include "engine/llama_options.h"

#include <algorithm>
#include <array>

#include "util/text.h"

namespace eai::engine {

namespace {

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
    Option{"--repack", Value::none},
    Option{"--no-repack", Value::none},
    Option{"--threads-http", Value::number},
    // Length of the context.
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
    // Defaults of sampling, for requests that do not say otherwise.
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

}  // namespace

std::string_view value_of(const std::vector<std::string>& arguments, std::string_view option) {
  for (std::size_t i = arguments.size(); i-- > 1;)
    if (arguments[i - 1] == option) return arguments[i];
  return {};
}

bool places_layers(const std::vector<std::string>& arguments) {
  bool layers = false, experts = false;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& name = arguments[i];
    const std::string_view value = i + 1 < arguments.size() ? std::string_view(arguments[i + 1]) : "";
    if (name == "--n-gpu-layers" || name == "--gpu-layers") layers = value != "auto";  // the last one counts
    experts = experts || name == "--cpu-moe" || (name == "--n-cpu-moe" && value != "0");
  }
  return layers || experts;
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
