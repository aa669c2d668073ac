#include "cli/job_kinds.h"

#include <array>
#include <cstdlib>

#include <boost/json.hpp>

#include "cli/config_file.h"
#include "cli/job_results.h"
#include "library/bring.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;
using library::Asked;
using library::Feed;

Result<std::string> text_of_value(std::string_view key, const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  if (value.is_bool() || value.is_number()) return json::serialize(value);
  return fail(Code::invalid, "the setting " + printable(key, 60) + " is neither a text, a number, true nor false");
}

Result<Config> config_for(const json::object& request, const Folders& folders) {
  const json::object* settings = object_in(request, "settings");
  if (settings == nullptr) return load_config(folders.configuration / "config.toml", std::getenv, {});
  Config out;
  for (const auto& [key, value] : *settings) {
    EAI_TRY(const Setting* setting, known_setting(key));
    json::array one;
    one.push_back(value);
    const json::array* list = value.if_array();
    std::vector<std::string> texts;
    for (const json::value& item : list == nullptr ? one : *list) {
      EAI_TRY(std::string text, text_of_value(key, item));
      texts.push_back(std::move(text));
    }
    EAI_CHECK(set_from_texts(out, *setting, texts, setting->key));
  }
  return out;
}

using Run = Result<json::object> (*)(const Folders&, const Config&, const Asked&, Feed&, const std::stop_token&);

Result<json::object> run_download(const Folders& folders, const Config& config, const Asked& asked, Feed& feed,
                                  const std::stop_token& stop) {
  EAI_TRY(library::Library library, library::Library::open(folders));
  const bool was_here = library.stored(asked.id) != nullptr;
  EAI_TRY(const store::Model model, library::bring(library, asked, config.fetch, feed, stop));
  return result_of(asked, model, was_here);
}

Result<json::object> run_check(const Folders& folders, const Config&, const Asked& asked, Feed& feed,
                               const std::stop_token& stop) {
  EAI_TRY(const library::Library library, library::Library::open(folders));
  EAI_TRY(const library::Checked checked, library::check(library, asked, feed, stop));
  return result_of(asked, checked);
}

Result<json::object> run_repair(const Folders& folders, const Config& config, const Asked& asked, Feed& feed,
                                const std::stop_token& stop) {
  EAI_TRY(library::Library library, library::Library::open(folders));
  EAI_TRY(const library::Repaired repaired, library::repair(library, asked, config.fetch, feed, stop));
  return result_of(asked, repaired);
}

struct Kind {
  std::string_view name;
  library::Typed much;  // of the model's name
  Run run;
};

constexpr std::array<Kind, 3> k_kinds = {{{k_download, library::Typed::begun, run_download},
                                          {k_check, library::Typed::here, run_check},
                                          {k_repair, library::Typed::here, run_repair}}};

Result<const Kind*> kind_in(const json::object& request) {
  const std::string name = text_in(request, "kind");
  std::string known;
  for (const Kind& kind : k_kinds) {
    if (kind.name == name) return &kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  return fail(Code::invalid, "\"kind\" is \"" + printable(name, 60) + "\", but must be one of " + known);
}

Result<admin::Work> make_work(const Folders& folders, const json::object& request) {
  EAI_TRY(const Kind* kind, kind_in(request));
  for (const auto& [name, value] : request) {
    if (name != "kind" && name != "model" && name != "settings")
      return fail(Code::invalid, "a job has no field \"" + printable(name, 60) + "\"");
  }
  const std::string model = text_in(request, "model");
  if (model.empty()) return fail(Code::invalid, "\"model\" is missing: the name or the hash of a model");
  EAI_TRY(Config config, config_for(request, folders));
  EAI_TRY(const library::Library library, library::Library::open(folders));
  EAI_TRY(Asked asked, library::resolve(library, model, kind->much));
  admin::Work out{std::string(kind->name), asked.label, asked.id.str(), {}};
  out.run = [&folders, run = kind->run, config = std::move(config), asked = std::move(asked)](
                Feed& feed, const std::stop_token& stop) { return run(folders, config, asked, feed, stop); };
  return out;
}

}  // namespace

admin::Jobs::Make job_maker(const Folders& folders) {
  return [&folders](const json::object& request) { return make_work(folders, request); };
}

json::object job_request(const Context& context, std::string_view kind, const std::string& model) {
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  static const Config defaults;
  Config config = context.config;  // the server works in another folder than this command
  for (std::string& folder : config.fetch.block_folders) folder = fs::absolute(folder).string();
  for (std::string& source : config.fetch.sources) {
    if (fs::exists(source)) source = fs::absolute(source).string();
  }
  json::object settings;
  for (const Setting& setting : cli::settings()) {
    if (!setting.key.starts_with("fetch.")) continue;
    json::value now = shown_setting(setting, config, defaults, nothing).value;
    if (now != shown_setting(setting, defaults, defaults, nothing).value) settings[setting.key] = std::move(now);
  }
  return {{"kind", kind}, {"model", model}, {"settings", std::move(settings)}};
}

}  // namespace eai::cli
