#include "cli/preserve_words.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>

#include <boost/json.hpp>

#include "cli/environment_keys.h"
#include "cli/hint_words.h"
#include "util/error_map.h"
#include "util/json_fields.h"
#include "util/text.h"

namespace eai::cli {
namespace {

namespace json = boost::json;

Result<std::optional<double>> parse_ram(const std::string& text) {
  if (text.empty()) return std::optional<double>();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !(value > 0) || value > 1e6) {
    return fail(Code::invalid, "--ram " + printable(text, 40) + " is not a number of gigabytes");
  }
  return std::optional(value);
}

Result<preserve::HomeSettings> home_settings(const Config& config, const Environment& environment) {
  const PreserveSettings& settings = config.preserve;
  preserve::HomeSettings out;
  EAI_TRY(out.lighthouse_key, key_from_environment(k_lighthouse_key, environment));
  EAI_TRY(out.pinning_key, key_from_environment(k_pinning_key, environment));
  EAI_TRY(out.cluster_login, login_from_environment(k_cluster_login, environment));
  out.lighthouse_upload = settings.lighthouse_upload;
  out.lighthouse_api = settings.lighthouse_api;
  out.kubo_api = settings.kubo_api;
  out.cluster_api = settings.cluster_api;
  out.replicas = settings.replicas;
  out.providers = settings.providers;
  out.pin_timeout = std::chrono::seconds(settings.pin_timeout);
  out.tries.max_retries = static_cast<int>(config.fetch.max_retries);
  out.tries.stall = std::chrono::seconds(settings.upload_timeout);
  return out;
}

// "new_at" and the like: an object whose fields are numbers of bytes.
json::object bytes_by_home(const preserve::Outcome& outcome) {
  json::object out;
  for (const auto& [home, bytes] : outcome.new_at) out[home] = bytes;
  return out;
}

std::string bytes_in(const json::object& from, std::string_view name) { return human_bytes(number_in(from, name)); }

const json::array& list_in(const json::object& from, std::string_view name) {
  static const json::array k_none;
  const json::value* value = from.if_contains(name);
  return value != nullptr && value->is_array() ? value->get_array() : k_none;
}

std::string summary_of(const json::object& result) {
  std::string out = bytes_in(result, "bytes") + " in the folder, " + bytes_in(result, "payload") + " to keep";
  if (text_in(result, "format") != "archive") return out;
  const std::uint64_t bytes = number_in(result, "bytes"), stored = number_in(result, "stored");
  const std::uint64_t share = bytes == 0 ? 0 : std::min<std::uint64_t>(100, stored * 100 / bytes);
  return out + "; " + std::to_string(share) + "% stored as it is, because packing would gain less than 4%";
}

}  // namespace

Result<preserve::Said> said_of(const PreserveSettings& settings) {
  preserve::Said out;
  out.config_name = settings.config_name;
  out.lora = settings.lora;
  if (!settings.task.empty()) {
    EAI_TRY(out.task, model::parse_task(settings.task));
  }
  EAI_TRY(out.ram_gb, parse_ram(settings.ram));
  return out;
}

preserve::Options preserve_options(const PreserveSettings& settings) {
  preserve::Options out;
  if (settings.layout == "fixed") out.layout = model::Layout::fixed;
  if (settings.layout == "tensor") out.layout = model::Layout::tensor;
  out.part_size = settings.zip_chunk_size * k_mib;
  out.threads = static_cast<unsigned>(settings.threads);
  out.hf_repo = settings.hf_repo;
  out.hf_file = settings.hf_file;
  out.config_name = settings.config_name;
  out.lora = settings.lora;
  out.dry_run = settings.dry_run;
  out.resume = settings.resume;
  return out;
}

Result<library::PreserveRequest> preserve_request(const Config& config, const fs::path& folder,
                                                  const fs::path& copies_in, const Environment& environment) {
  const PreserveSettings& settings = config.preserve;
  library::PreserveRequest out;
  out.folder = folder;
  EAI_TRY(out.said, said_of(settings));
  out.options = preserve_options(settings);
  if (!settings.format.empty()) {
    out.format = settings.format == "unixfs" ? model::Format::unixfs : model::Format::archive;
  }
  out.homes = settings.homes;
  EAI_TRY(out.home, home_settings(config, environment));
  out.offline = config.fetch.offline;
  out.keep_here = settings.keep_here;
  out.copies_in = copies_in;
  return out;
}

json::object result_of(const library::Preserved& preserved, const library::PreserveRequest& request) {
  const preserve::Outcome& outcome = preserved.outcome;
  json::array files, failed, warnings;
  for (const auto& file : outcome.metadata.files)
    files.push_back(json::object{{"name", file.file_name}, {"cid", file.cid.str()}, {"bytes", file.size}});
  for (const auto& failure : outcome.failures) {
    failed.push_back(
        json::object{{"home", failure.home}, {"code", name_of(failure.error.code)}, {"why", words_of(failure.error)}});
  }
  for (const Error& warning : preserved.warnings) warnings.push_back(json::string(words_of(warning)));
  json::object out{{"event", request.options.dry_run ? "dry_run" : "preserved"},
                   {"hash", outcome.hash.str()},
                   {"name", outcome.metadata.folder_name},
                   {"format", outcome.metadata.format == model::Format::archive ? "archive" : "unixfs"},
                   {"bytes", outcome.bytes},
                   {"payload", outcome.payload},
                   {"stored", outcome.stored},
                   {"sent", outcome.sent},
                   {"resumed", outcome.resumed},
                   {"profile", outcome.profile},
                   {"files", std::move(files)},
                   {"new_here", outcome.new_here}};
  if (json::object new_at = bytes_by_home(outcome); !new_at.empty()) out["new_at"] = std::move(new_at);
  out["failed"] = std::move(failed);
  out["warnings"] = std::move(warnings);
  return out;
}

void tell_preserved(const json::object& result, Output& out) {
  out.event(result);
  if (!out.quiet()) {
    for (const json::value& file : list_in(result, "files")) {
      const json::object& one = file.as_object();
      out.line(text_in(one, "cid") + "  " + bytes_in(one, "bytes") + "  " + text_in(one, "name"));
    }
    out.line(summary_of(result));
    out.line(bytes_in(result, "new_here") + " are in none of the models known here");
    if (const json::object* new_at = object_in(result, "new_at")) {
      for (const auto& [home, bytes] : *new_at) out.line(bytes_in(*new_at, home) + " new at " + std::string(home));
    }
    if (number_in(result, "resumed") > 0)
      out.line(bytes_in(result, "resumed") + " were already sent by an earlier run");
  }
  out.line(text_in(result, "hash"));
}

int tell_failures(const json::object& result, Output& out) {
  int status = 0;
  for (const json::value& value : list_in(result, "failed")) {
    const json::object& failure = value.as_object();
    Error error{parse_code(text_in(failure, "code")).value_or(Code::io), text_in(failure, "why")};
    const int own = face_of(error.code).exit_status;
    if (status == 0) status = own;
    out.error(std::move(error).with("incomplete at " + text_in(failure, "home")), own);
  }
  if (status != 0 && text_in(result, "event") != "dry_run")
    out.note("The other homes have all of it. Run the same command again to send what is missing.");
  for (const json::value& warning : list_in(result, "warnings"))
    out.warning(Error{Code::io, std::string(warning.as_string())});
  return status;
}

fs::path as_the_shell_says(const fs::path& typed) {
  fs::path last;
  for (const fs::path& part : typed) {
    if (!part.empty() && part != ".") last = part;
  }
  const char* here = std::getenv("PWD");
  if (typed.is_absolute() || !(last.empty() || last == "..") || here == nullptr || *here != '/') return typed;
  const fs::path said = (fs::path(here) / typed).lexically_normal();
  std::error_code none;
  return fs::equivalent(said, typed, none) && !none ? said : typed;
}

}  // namespace eai::cli
