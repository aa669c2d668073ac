// `eai model import`
#include <algorithm>

#include <boost/json.hpp>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/follow.h"
#include "cli/interrupt.h"
#include "cli/preserve_words.h"
#include "library/bring.h"
#include "library/import.h"
#include "library/import_files.h"
#include "util/text.h"

namespace eai::cli {
namespace {

// What was named, sorted by how it is taken.
struct Named {
  struct Place {
    fs::path path;
    std::string label;  // what people call it
  };
  std::optional<library::Spool> spool;
  std::vector<Place> blocks;
  library::FilesRequest files;
};

void tell(const Context& context, const std::string& name, const store::Model& model, bool was_here,
          std::string_view how) {
  boost::json::object event{{"event", "done"},      {"hash", model.id.str()}, {"name", name},
                            {"was_here", was_here}, {"bytes", model.size()},  {"folder", model.folder.string()}};
  if (!how.empty() && !was_here) event["way"] = how;
  context.out.event(event);
  std::string words = was_here ? " is already here: " : how.empty() ? " is here and verified: " : " is here by ";
  if (!how.empty() && !was_here) words += std::string(how) + ": ";
  context.out.line(name + words + human_bytes(model.size()) + ", " + model.id.str());
}

// What an error that concerns a word of the request has to do with the command line.
Error in_words(Error error) {
  if (error.about == "name") error.message += "; choose one with --name";
  if (error.about == "copying") error.message += "; --copy has it copied";
  return error;
}

Result<Named> sort_words(const Context& context, const Interrupt& interrupt) {
  const ImportSettings& settings = context.config.import_from;
  Named out;
  EAI_TRY(out.files.said, said_of(context.config.preserve));
  out.files.options = preserve_options(context.config.preserve);
  if (!settings.name.empty()) out.files.said.name = settings.name;
  if (settings.copy) out.files.copying = store::Copying::allowed;
  for (const std::string& word : context.words.paths) {
    Named::Place place{as_the_shell_says(word), printable(word, 200)};
    if (word == "-") {
      if (out.spool) return fail(Code::invalid, "the standard input can be imported only once");
      EAI_CHECK(make_folders(context.folders.home, 0700));
      EAI_TRY(out.spool, library::Spool::read(STDIN_FILENO, context.folders.home, interrupt.token()));
      place = {out.spool->path(), "the standard input"};
    }
    if (!library::holds_files(place.path, out.files.said.task)) {
      out.blocks.push_back(std::move(place));
      continue;
    }
    if (word == "-") {
      out.files.names = preserve::FileNames::none;
      out.files.copying = store::Copying::allowed;  // nobody has these bytes under another name
    }
    out.files.files.push_back(std::move(place.path));
  }
  if (!settings.projector.empty()) out.files.files.emplace_back(settings.projector);
  return out;
}

Result<void> import_blocks(const Context& context, library::Library& library, const Named::Place& from,
                           const Interrupt& interrupt) {
  EAI_TRY(const auto found, library::models_in(from.path, from.label));
  library::FetchSettings only;  // it has all that is needed, and nobody else is asked
  only.offline = true;
  only.public_gateways = false;
  only.sources = {from.path.string()};
  for (const ipld::Cid& id : found) {
    const library::Asked asked{id, library.label_of(id)};
    const bool was_here = library.stored(id) != nullptr;
    const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
      return library::bring(library, asked, only, feed, stop);
    };
    EAI_TRY(const auto model, run_job<store::Model>(work, download_look(), context.out, interrupt.token()));
    tell(context, library.label_of(id), model, was_here, "");
  }
  return {};
}

Result<void> import_files(const Context& context, library::Library& library, const library::FilesRequest& request,
                          const Interrupt& interrupt) {
  const auto work = [&](library::Feed& feed, const std::stop_token& stop) {
    return library::import_files(library, request, feed, stop);
  };
  const auto imported = run_job<library::Imported>(work, preserve_look(), context.out, interrupt.token());
  if (!imported) return Failure(in_words(imported.error()));
  const std::string_view how = imported->way ? store::name_of(*imported->way) : "";
  tell(context, library.label_of(imported->model.id), imported->model, !imported->way, how);
  return {};
}

Result<void> import_all(const Context& context, library::Library& library, const Interrupt& interrupt) {
  EAI_TRY(const Named named, sort_words(context, interrupt));
  for (const Named::Place& from : named.blocks) EAI_CHECK(import_blocks(context, library, from, interrupt));
  if (named.files.files.empty()) return {};
  return import_files(context, library, named.files, interrupt);
}

}  // namespace

Result<int> model_import(Context& context) {
  if (context.words.paths.empty())
    return fail(Code::invalid, "say what to import: a CAR file, a GGUF file, a folder, or -");
  EAI_TRY(library::Library library, library::Library::open(context.folders));
  const Interrupt interrupt;
  auto imported = import_all(context, library, interrupt);
  if (interrupt.requested()) {
    context.out.note("Stopped. What is verified is kept; run the same command to continue.");
    return k_interrupted;
  }
  if (!imported) return Failure(std::move(imported).error());
  return 0;
}

}  // namespace eai::cli
