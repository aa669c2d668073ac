#include "api/select.h"

#include <algorithm>

#include "util/text.h"

namespace eai::api {
namespace {

bool fits(const SelectInput& input, const ServedModel& model) {
  return std::find(input.fits.begin(), input.fits.end(), model.task) != input.fits.end();
}

const ServedModel* by_id(const SelectInput& input, std::string_view id) {
  auto it = std::find_if(input.served.begin(), input.served.end(), [&](const auto& model) { return model.id == id; });
  return it == input.served.end() ? nullptr : &*it;
}

const ServedModel* by_name(const SelectInput& input, std::string_view name) {
  auto it = std::find_if(input.served.begin(), input.served.end(),
                         [&](const auto& model) { return model.folder_name == name; });
  return it == input.served.end() ? nullptr : &*it;
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
  for (const ServedModel& model : input.served) {  // the main model comes first
    if (!fits(input, model)) continue;
    bool is_main = &model == &input.served.front();
    return Choice{&model, why + (is_main ? "; the main model answers" : "; the first fitting model answers")};
  }
  return fail(Code::invalid,
              "no served model can answer " + std::string(input.endpoint) + "; GET /v1/models lists each one's task");
}

}  // namespace

Result<Choice> select_model(const SelectInput& input, const SelectRules& rules) {
  if (!input.model || input.model->empty()) return fall_back(input, "the request names no model");
  if (*input.model == "local-model") {
    for (const std::string& id : input.used_last) {
      const ServedModel* model = by_id(input, id);
      if (model != nullptr && fits(input, *model)) return Choice{model, ""};
    }
    return fall_back(input, "no model has been used for this task yet");
  }
  const ServedModel* asked = by_id(input, *input.model);
  if (asked == nullptr && rules.names == NameRule::names) asked = by_name(input, *input.model);
  if (asked != nullptr) {
    if (!fits(input, *asked)) return wrong_task(input, *asked);
    return Choice{asked, ""};
  }
  if (rules.unknown == UnknownRule::strict) return unknown(input, rules);
  if (by_name(input, *input.model) != nullptr) {
    return fall_back(input, quoted(*input.model) + " is a folder name, not a hash");
  }
  return fall_back(input, "no model " + quoted(*input.model) + " is served");
}

}  // namespace eai::api
