#include "cli/job_kinds.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include <boost/json.hpp>

#include "cli/config_file.h"
#include "cli/environment_keys.h"
#include "cli/hint_words.h"
#include "cli/job_results.h"
#include "cli/preserve_words.h"
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

// Why a job that was stopped does not have a result.
Failure stopped() { return fail(Code::cancelled, "stopped"); }

struct Kind {
  std::string_view name;
  library::Typed much;  // of the model's name
  Run run;
};

constexpr std::array<Kind, 3> k_kinds = {{{k_download, library::Typed::begun, run_download},
                                          {k_check, library::Typed::here, run_check},
                                          {k_repair, library::Typed::here, run_repair}}};

// `what`: "model" or "folder".
Result<std::string> named_in(const json::object& request, std::string_view what, std::string_view means) {
  for (const auto& [name, value] : request) {
    if (name != "kind" && name != "settings" && name != "secret_keys" && name != "copies_in" && name != what)
      return fail(Code::invalid, "such a job has no field \"" + printable(name, 60) + "\"");
  }
  std::string out = text_in(request, what);
  if (out.empty()) return fail(Code::invalid, "\"" + std::string(what) + "\" is missing: " + std::string(means));
  return out;
}

Result<admin::Work> model_work(const Folders& folders, const Kind& kind, const json::object& request) {
  EAI_TRY(const std::string model, named_in(request, "model", "the name or the hash of a model"));
  EAI_TRY(Config config, config_for(request, folders));
  EAI_TRY(const library::Library library, library::Library::open(folders));
  EAI_TRY(Asked asked, library::resolve(library, model, kind.much));
  admin::Work out{std::string(kind.name), asked.label, asked.id.str(), {}};
  out.run = [&folders, run = kind.run, config = std::move(config), asked = std::move(asked)](
                Feed& feed, const std::stop_token& stop) { return run(folders, config, asked, feed, stop); };
  return out;
}

// What the request brings, else what the server was started with.
Environment keys_in(const json::object& request) {
  std::map<std::string, std::string> keys;
  if (const json::object* given = object_in(request, "secret_keys")) {
    for (const auto& [name, value] : *given) keys[std::string(name)] = text_in(*given, name);
  }
  return [keys = std::move(keys)](const char* name) -> const char* {
    const auto found = keys.find(name);
    return found == keys.end() ? std::getenv(name) : found->second.c_str();
  };
}

Result<admin::Work> preserve_work(const Folders& folders, const json::object& request) {
  EAI_TRY(const fs::path folder, named_in(request, "folder", "the path of the model's folder"));
  if (!folder.is_absolute()) return fail(Code::invalid, "\"folder\" must be a whole path, from the root on");
  EAI_TRY(const Config config, config_for(request, folders));
  // Nobody knows in which folder a server works.
  const std::string copies_in = text_in(request, "copies_in");
  EAI_TRY(library::PreserveRequest wish,
          preserve_request(config, folder, copies_in.empty() ? folder.parent_path() : fs::path(copies_in),
                           keys_in(request)));
  admin::Work out{std::string(k_preserve), folder.filename().string(), {}, {}};
  out.run = [&folders, wish = std::move(wish)](Feed& feed, const std::stop_token& stop) -> Result<json::object> {
    EAI_TRY(const library::Preserved preserved, library::preserve_folder(wish, folders, feed, stop));
    if (preserved.stopped) return stopped();
    json::object result = result_of(preserved, wish);
    constexpr std::size_t k_most_files = 1000;  // the list of jobs is read and sent as a whole
    if (result.at("files").as_array().size() > k_most_files) result.erase("files");
    if (auto ended = library::end_journal(preserved); !ended) feed.note(words_of(ended.error()));
    return result;
  };
  return out;
}

Result<admin::Work> make_work(const Folders& folders, const json::object& request) {
  const std::string name = text_in(request, "kind");
  if (name == k_preserve) return preserve_work(folders, request);
  std::string known;
  for (const Kind& kind : k_kinds) {
    if (kind.name == name) return model_work(folders, kind, request);
    known += std::string(kind.name) + ", ";
  }
  return fail(Code::invalid,
              "\"kind\" is \"" + printable(name, 60) + "\", but must be one of " + known + std::string(k_preserve));
}

// What is named by a path below the folder in which the command is run.
void make_absolute(Config& config) {
  const auto whole = [](std::string& path) { path = fs::absolute(path).lexically_normal().string(); };
  for (std::string& folder : config.fetch.block_folders) whole(folder);
  for (std::string& source : config.fetch.sources) {
    if (fs::exists(source)) whole(source);
  }
  constexpr std::string_view k_car = "car:";
  for (std::string& home : config.preserve.homes) {
    if (!home.starts_with(k_car)) continue;
    std::string file = home.substr(k_car.size());
    whole(file);
    home = std::string(k_car) + file;
  }
}

json::object settings_in(const Config& given, const std::vector<std::string_view>& sections) {
  const auto nothing = [](const char*) -> const char* { return nullptr; };
  static const Config defaults;
  Config config = given;
  make_absolute(config);
  json::object out;
  for (const Setting& setting : settings()) {
    const std::string_view section = setting.key.substr(0, setting.key.find('.'));
    if (std::ranges::find(sections, section) == sections.end()) continue;
    json::value now = shown_setting(setting, config, defaults, nothing).value;
    if (now != shown_setting(setting, defaults, defaults, nothing).value) out[setting.key] = std::move(now);
  }
  return out;
}

}  // namespace

admin::Jobs::Make job_maker(const Folders& folders) {
  return [&folders](const json::object& request) { return make_work(folders, request); };
}

std::vector<json::object> model_jobs(const Context& context, std::string_view kind, const std::vector<Asked>& asked) {
  const json::object settings = settings_in(context.config, {"fetch"});
  std::vector<json::object> out;
  for (const Asked& one : asked) out.push_back({{"kind", kind}, {"model", one.id.str()}, {"settings", settings}});
  return out;
}

json::object preserve_job(const Context& context, const fs::path& folder) {
  json::object keys;
  for (const char* name : {k_lighthouse_key, k_pinning_key, k_cluster_login}) {
    if (const char* value = std::getenv(name)) keys[name] = value;
  }
  fs::path whole = fs::absolute(folder).lexically_normal();
  if (!whole.has_filename()) whole = whole.parent_path();  // it was typed with a slash at its end
  json::object out{{"kind", k_preserve},
                   {"folder", whole.string()},
                   {"copies_in", fs::current_path().string()},
                   {"settings", settings_in(context.config, {"fetch", "preserve"})}};
  if (!keys.empty()) out["secret_keys"] = std::move(keys);
  return out;
}

}  // namespace eai::cli
