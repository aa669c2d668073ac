// Why: which model answers. It is one pure function, since people rely on every one of its rules.
// Thread: any; pure function.
// What holds (README, "Which model answers"):
//   a served hash                → that model; if its task does not fit the endpoint: Code::invalid
//   a folder name                → the same with name_rule = names, otherwise as unknown
//   "local-model"                → the model used last for a fitting task, or as absent if there is none
//   absent, unknown              → the main model if its task fits the endpoint, or the first served one that fits
//   nothing fits                 → Code::invalid
// A fallback is never silent: `fallback` says why. With unknown_rule = strict an unknown name is Code::not_found with
// near names.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "api/served.h"
#include "util/result.h"

namespace eai::api {

enum class NameRule { hashes, names };
enum class UnknownRule { fall_back, strict };

struct SelectRules {
  NameRule names = NameRule::hashes;
  UnknownRule unknown = UnknownRule::fall_back;
};

struct SelectInput {
  std::span<const ServedModel> served;     // the first is the main model
  std::span<const std::string> used_last;  // hashes, the latest first
  std::optional<std::string_view> model;   // the request's field
  std::span<const model::Task> fits;       // tasks that the endpoint can use
  std::string_view endpoint;               // for messages
};

struct Choice {
  const ServedModel* model = nullptr;  // one of `served`
  std::string fallback;                // empty if it is what was asked for
};

Result<Choice> select_model(const SelectInput& input, const SelectRules& rules);

}  // namespace eai::api
