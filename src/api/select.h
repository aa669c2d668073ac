// Why: which model answers. It is one pure function, since people rely on every one of its rules.
// Thread: any; pure functions.
// What holds (README, "Which model answers"):
//   a served hash                → that model; if its task does not fit the endpoint: Code::invalid. Any form of the hash
//                                  counts that people paste (ipld/pasted.h)
//   a folder name                → the same with name_rule = names, otherwise as unknown
//   "local-model"                → the model used last for a fitting task, or as absent if there is none
//   absent, unknown              → the main model if its task fits the endpoint, or the first served one that fits
//   nothing fits                 → Code::invalid
// A name that was asked for is never replaced in silence: `fallback` says why another model answers. With
// unknown_rule = strict an unknown name is Code::not_found with near names.
// Clients decorate names. "openai/x", "x:latest", "x.gguf" and another case of letters mean x if exactly one served model
// is meant by them; what is served under exactly the given name comes first.
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
  std::string fallback;                // empty if it is what was asked for, or if nothing was
};

Result<Choice> select_model(const SelectInput& input, const SelectRules& rules);

// A served model, and by what it was asked for.
struct Found {
  const ServedModel* model = nullptr;  // null: nobody, or more than one
  enum class By { hash, name } by = By::hash;
};
Found find_served(std::span<const ServedModel> served, std::string_view asked, NameRule rule);

}  // namespace eai::api
