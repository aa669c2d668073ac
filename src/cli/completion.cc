// `eai completion`, and what the shells' scripts ask for.
#include "cli/completion.h"

#include <cstdio>
#include <optional>

#include "cli/commands.h"
#include "cli/complete.h"
#include "cli/server_answer.h"
#include "cli/server_status.h"
#include "cli/shell_scripts.h"
#include "library/library.h"
#include "library/running.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

constexpr std::chrono::milliseconds k_server_patience{30};  // somebody waits for the next letter

std::vector<Offer> loaded(const Folders& folders) {
  const auto server = library::running_server(folders);
  if (!server || !*server) return {};
  const auto socket = library::socket_of(folders);
  if (!socket) return {};
  const auto told = ask_server(*socket, ServerAsk{.target = "/eai/status", .patience = k_server_patience});
  const boost::json::value* models = told ? told->if_contains("models") : nullptr;
  if (models == nullptr || !models->is_array()) return {};
  std::vector<Offer> out;
  for (const boost::json::value& model : models->get_array()) {
    if (!model.is_object() || number_in(model.get_object(), "pid") == 0) continue;
    const boost::json::object& object = model.get_object();
    out.push_back({name_of_model(**server, text_in(object, "id")), text_in(object, "state")});
  }
  return out;
}

// Reads the store once, if somebody asks.
class Names {
 public:
  explicit Names(const Folders& folders) : folders_(folders) {}

  std::vector<Offer> here() {
    std::vector<Offer> out;
    if (!open()) return out;
    for (const store::Model& model : library_->contents.models)
      out.push_back({library_->label_of(model.id), about(model.metadata.task) + ", " + human_bytes(model.size())});
    for (const library::Alias& alias : library_->catalog.aliases())
      if (library_->stored(alias.id) != nullptr) out.push_back({alias.name, "another name"});
    return out;
  }
  std::vector<Offer> left() {
    std::vector<Offer> out;
    if (!open()) return out;
    for (const store::Unfinished& one : library_->contents.unfinished)
      out.push_back({library_->label_of(one.id), "unfinished download"});
    for (const store::Damaged& one : library_->contents.damaged)
      if (one.id) out.push_back({library_->label_of(*one.id), "damaged"});
    return out;
  }
  std::vector<Offer> known() {
    std::vector<Offer> out;
    if (!open()) return out;
    for (const library::CatalogEntry& entry : library_->catalog.entries())
      out.push_back({entry.name, about(entry.task) + ", not here"});
    return out;
  }

 private:
  static std::string about(model::Task task) { return std::string(model::name_of(task)); }
  bool open() {
    if (tried_) return library_.has_value();
    tried_ = true;
    auto opened = library::Library::open(folders_);
    if (opened) library_.emplace(*std::move(opened));
    return library_.has_value();
  }

  const Folders& folders_;
  bool tried_ = false;
  std::optional<library::Library> library_;
};

std::string_view name_of(Offers::Paths paths) {
  switch (paths) {
    case Offers::Paths::none:
      return "none";
    case Offers::Paths::files:
      return "files";
    case Offers::Paths::folders:
      return "folders";
  }
  return "none";
}

}  // namespace

int complete(const std::vector<std::string>& words) {
  const auto folders = find_folders();
  if (!folders || words.size() < 2) return 0;
  Names names(*folders);
  const ModelNames sources{[&] { return names.here(); }, [&] { return names.left(); }, [&] { return names.known(); },
                           [&] { return loaded(*folders); }};
  const bool bash = words.front() == "bash";
  std::vector<std::string> typed(words.begin() + 1, words.end());
  const std::string last = typed.back();
  if (bash) typed = joined_by_bash(typed);
  Offers offers = offers_for(typed, sources);
  if (bash) cut_for_bash(offers, typed.back(), last);
  std::string out;
  for (const Offer& offer : offers.words) {
    out += offer.word;
    if (!bash && !offer.says.empty()) out += "\t" + printable(offer.says, 200);
    out += "\n";
  }
  out += ":" + std::string(name_of(offers.paths)) + "\n";
  std::fputs(out.c_str(), stdout);
  std::fflush(stdout);
  return 0;
}

Result<int> completion(Context& context) {
  const auto script = completion_script(context.words.text);
  if (!script) {
    return fail(Code::invalid, (context.words.text.empty()
                                    ? std::string("say for which shell")
                                    : "there is no completion for \"" + printable(context.words.text, 60) + "\"") +
                                   "; there are bash, zsh and fish");
  }
  context.out.line(script->substr(0, script->size() - 1));  // line() ends it
  return 0;
}

}  // namespace eai::cli
