// `eai model serve`
#include "cli/hint_words.h"
#include "cli/serving.h"
#include "library/choose.h"

namespace eai::cli {

Result<int> model_serve(Context& context) {
  EAI_TRY(const library::Library library, library::Library::open(context.folders));
  EAI_TRY(const library::Engines engines, library::find_engines(context.config.engines, context.folders));
  std::vector<library::Note> notes;
  auto models = library::servable_models(library, engines, notes);
  for (const library::Note& note : notes) context.out.note(words_of_note(note.text, note.hint));
  // What nobody has to load at once may be mended while the server runs.
  if (!models && !context.config.server.preload) models = std::vector<store::Model>();
  if (!models) return Failure(std::move(models).error());
  const std::string& wanted = context.config.server.main_hash;
  if (!models->empty() || !wanted.empty()) EAI_CHECK(library::put_first(library, wanted, *models));
  EAI_CHECK(check_seat_and_port(context));
  // Neither the server in the background nor a configuration read again must roll the dice once more.
  const std::string main = models->empty() ? "" : models->front().id.str();
  const bool preload = context.config.server.preload;
  const auto again = [&](const library::Library& now) -> Result<std::vector<store::Model>> {
    std::vector<library::Note> told_before;
    auto chosen = library::servable_models(now, engines, told_before);
    if (!chosen && !preload) return std::vector<store::Model>();
    if (!chosen) return chosen;
    if (!main.empty() && !chosen->empty()) EAI_CHECK(library::put_first(now, main, *chosen));
    return chosen;
  };
  const std::vector<std::string> more_words =
      main.empty() ? std::vector<std::string>() : std::vector<std::string>{"--main-hash", main};
  return serve_models(context, library, *models, {again, Serves::all}, more_words);
}

}  // namespace eai::cli
