// `eai model serve`
#include <algorithm>
#include <random>

#include "cli/lora.h"
#include "cli/serving.h"

namespace eai::cli {
namespace {

// The stored model that --main-hash means, or one by chance.
Result<std::size_t> choose_main(const Library& library, const std::string& word,
                                const std::vector<store::Model>& models) {
  if (word.empty()) {
    std::random_device chance;
    return std::uniform_int_distribution<std::size_t>(0, models.size() - 1)(chance);
  }
  EAI_TRY(Asked asked, resolve(library, word));
  for (std::size_t i = 0; i < models.size(); ++i) {
    if (models[i].id == asked.id) return i;
  }
  return fail(Code::not_found, asked.label + " is not here; `eai model download " + asked.label + "` brings it");
}

// Those that an engine on this machine can serve; the others are told to `left_out`.
std::vector<store::Model> servable(const Library& library, const Engines& engines,
                                   std::vector<std::string>* left_out = nullptr) {
  std::vector<store::Model> models;
  for (const store::Model& model : library.contents.models) {
    auto can = check_engine_for(engines, model.metadata.task);
    if (can) can = lora_of(library.store, model).map([](const auto&) {});
    if (can) {
      models.push_back(model);
    } else if (left_out != nullptr) {
      left_out->push_back(library.label_of(model.id) + " is left out: " + can.error().message);
    }
  }
  return models;
}

// All of them, the one called `main` first.
Result<std::vector<store::Model>> chosen(const Library& library, const Engines& engines, const std::string& main) {
  std::vector<store::Model> models = servable(library, engines);
  EAI_TRY(const std::size_t first, choose_main(library, main, models));
  const auto place = models.begin() + static_cast<std::ptrdiff_t>(first);
  std::rotate(models.begin(), place, place + 1);
  return models;
}

}  // namespace

Result<int> model_serve(Context& context) {
  EAI_TRY(Library library, Library::open(context));
  if (library.contents.models.empty()) {
    return fail(Code::not_found, "no model is here to be served; `eai model download <name>` brings one");
  }
  EAI_TRY(Engines engines, find_engines(context.config.engines, context.folders));
  std::vector<std::string> left_out;
  std::vector<store::Model> models = servable(library, engines, &left_out);
  for (const std::string& note : left_out) context.out.note(note);
  if (models.empty()) {
    EAI_CHECK(check_engine_for(engines, library.contents.models.front().metadata.task));
    return fail(Code::not_found, "no model that is here can be served");
  }
  EAI_TRY(std::size_t first, choose_main(library, context.config.server.main_hash, models));
  EAI_CHECK(check_seat_and_port(context));
  // Neither the server in the background nor a configuration read again must roll the dice once more.
  const std::string main = models[first].id.str();
  return serve_models(context, [&](const Library& now) { return chosen(now, engines, main); }, {"--main-hash", main});
}

}  // namespace eai::cli
