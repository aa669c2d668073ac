#include "api/select.h"

#include <algorithm>

#include "ipld/pasted.h"
#include "util/text.h"

namespace eai::api {
namespace {

bool fits(const SelectInput& input, const ServedModel& model) {
  return std::find(input.fits.begin(), input.fits.end(), model.task) != input.fits.end();
}

const ServedModel* by_id(std::span<const ServedModel> served, std::string_view id) {
  auto it = std::find_if(served.begin(), served.end(), [&](const auto& model) { return model.id == id; });
  return it == served.end() ? nullptr : &*it;
}

const ServedModel* by_name(std::span<const ServedModel> served, std::string_view name) {
  auto it = std::find_if(served.begin(), served.end(), [&](const auto& model) { return model.folder_name == name; });
  return it == served.end() ? nullptr : &*it;
}

// Shorter texts are names, longer ones are nothing that anybody pastes.
constexpr std::size_t k_shortest_hash = 40, k_longest_hash = 4096;
constexpr std::string_view k_local_model = "local-model";

// Without what clients put around a name: the provider in front of it, a tag or the ending of a file behind it.
std::string_view bare(std::string_view asked) {
  std::string_view name = ipld::without_wrapping(asked);
  while (name.ends_with('/')) name.remove_suffix(1);
  if (const auto slash = name.rfind('/'); slash != std::string_view::npos) name.remove_prefix(slash + 1);
  for (const std::string_view ending : {":latest", ".gguf"}) {
    if (name.size() > ending.size() && lower(name.substr(name.size() - ending.size())) == ending)
      name.remove_suffix(ending.size());
  }
  return name;
}

const ServedModel* by_pasted_hash(std::span<const ServedModel> served, std::string_view asked) {
  if (asked.size() < k_shortest_hash || asked.size() > k_longest_hash) return nullptr;
  auto id = ipld::parse_pasted(asked);
  if (!id && !ipld::is_link(asked)) id = ipld::Cid::parse(bare(asked));
  if (!id) return nullptr;
  const auto same = std::ranges::find_if(served, [&](const ServedModel& model) {
    const auto own = ipld::Cid::parse(model.id);
    return own && own->hash() == id->hash() && own->codec() == id->codec();
  });
  return same == served.end() ? nullptr : &*same;
}

// The one model whose name is the given one without its decoration; null if there are several.
const ServedModel* by_decorated_name(std::span<const ServedModel> served, std::string_view asked) {
  if (asked.size() > k_longest_hash) return nullptr;
  const std::string whole = lower(ipld::without_wrapping(asked)), name = lower(bare(asked));
  const ServedModel* found = nullptr;
  for (const ServedModel& model : served) {
    const std::string own = lower(model.folder_name);
    if (own != whole && own != name) continue;
    if (found != nullptr) return nullptr;
    found = &model;
  }
  return found;
}

std::string quoted(std::string_view name) { return "'" + printable(name, 100) + "'"; }

Failure unknown(const SelectInput& input, const SelectRules& rules) {
  std::vector<std::string> known;
  for (const ServedModel& model : input.served) {
    known.push_back(model.id);
    if (rules.names == NameRule::names) known.push_back(model.folder_name);
  }
  std::string message = "no model " + quoted(*input.model) + " is served here";
  auto near = near_names(*input.model, known);
  for (std::size_t i = 0; i < near.size(); ++i) message += (i == 0 ? "; did you mean " : " or ") + near[i];
  return fail(Code::not_found, message + "; GET /v1/models lists the served ones");
}

Failure wrong_task(const SelectInput& input, const ServedModel& model) {
  return fail(Code::invalid, "the model " + model.folder_name + " has the task " + std::string(name_of(model.task)) +
                                 ", which " + std::string(input.endpoint) + " cannot use");
}

Result<Choice> fall_back(const SelectInput& input, const std::string& why) {
  if (input.served.empty()) return fail(Code::not_found, "no model is here yet, so none is served");
  for (const ServedModel& model : input.served) {  // the main model comes first
    if (!fits(input, model)) continue;
    bool is_main = &model == &input.served.front();
    return Choice{&model, why + (is_main ? "; the main model answers" : "; the first fitting model answers")};
  }
  return fail(Code::invalid,
              "no served model can answer " + std::string(input.endpoint) + "; GET /v1/models lists each one's task");
}

// As if no model were named: nobody has to be told that another one answers.
Result<Choice> without_name(const SelectInput& input) {
  EAI_TRY(Choice choice, fall_back(input, ""));
  choice.fallback.clear();
  return choice;
}

}  // namespace

Found find_served(std::span<const ServedModel> served, std::string_view asked, NameRule rule) {
  const bool names = rule == NameRule::names;
  if (const auto* model = by_id(served, asked)) return {model, Found::By::hash};
  if (const auto* model = names ? by_name(served, asked) : nullptr) return {model, Found::By::name};
  if (const auto* model = by_pasted_hash(served, asked)) return {model, Found::By::hash};
  return {names ? by_decorated_name(served, asked) : nullptr, Found::By::name};
}

Result<Choice> select_model(const SelectInput& input, const SelectRules& rules) {
  if (!input.model || input.model->empty()) return without_name(input);
  const Found found = find_served(input.served, *input.model, rules.names);
  if (found.model != nullptr) {
    if (!fits(input, *found.model)) return wrong_task(input, *found.model);
    return Choice{found.model, ""};
  }
  if (*input.model == k_local_model || lower(bare(input.model->substr(0, k_longest_hash))) == k_local_model) {
    for (const std::string& id : input.used_last) {
      const ServedModel* model = by_id(input.served, id);
      if (model != nullptr && fits(input, *model)) return Choice{model, ""};
    }
    return without_name(input);
  }
  if (rules.unknown == UnknownRule::strict) return unknown(input, rules);
  if (by_name(input.served, *input.model) != nullptr) {
    return fall_back(input, quoted(*input.model) + " is a folder name, not a hash");
  }
  return fall_back(input, "no model " + quoted(*input.model) + " is served");
}

}  // namespace eai::api
