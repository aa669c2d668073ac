// [server]: where it listens, whom it lets in, what it keeps, and how it uses memory.
#include "cli/settings_rows.h"
#include "http/origin.h"
#include "util/text.h"

namespace eai::cli {
namespace {

Result<std::string> canonical_origin(std::string_view text) {
  EAI_TRY(const http::OriginPattern pattern, http::OriginPattern::parse(text));
  return pattern.str();
}

}  // namespace

Result<std::string> canonical_host(std::string_view text) {
  std::string_view host = text;
  while (host.starts_with(' ')) host.remove_prefix(1);
  while (host.ends_with(' ')) host.remove_suffix(1);
  if (const auto scheme = host.find("://"); scheme != std::string_view::npos) host.remove_prefix(scheme + 3);
  host = host.substr(0, host.find('/'));
  const bool below = host.starts_with("*.");
  if (below) host.remove_prefix(2);
  if (const auto found = http::parse_authority(host)) return (below ? "*." : "") + found->host;
  if (const auto ascii = http::to_ascii_name(host.substr(0, host.find(':')))) return (below ? "*." : "") + *ascii;
  if (host == "*") {
    return fail(Code::invalid,
                "\"*\" would let every web page in that has a name of its own; use API keys, and then every host may "
                "be named");
  }
  return fail(Code::invalid, "\"" + printable(text, 100) +
                                 "\" is not the name of a host; write box.example, or *.example.com for all names "
                                 "below one");
}

std::vector<Setting> server_settings() {
  using S = ServerSettings;
  const Rows<S> in(&Config::server);
  return {
      in.text("server.host", "EAI_HOST", "--host", &S::host,
              "Name or address to listen on; localhost is both 127.0.0.1 and ::1, 0.0.0.0 all of this machine",
              {.value_name = "ADDRESS"}),
      in.number("server.port", "EAI_PORT", "--port", &S::port, "Port to listen on; 0 takes a free one",
                {.highest = 65535}),
      in.number("server.context_length", "EAI_CONTEXT_LENGTH", "--context-length", &S::context_length,
                "Context of each model, in tokens; 0: as trained, at most 32768", {.highest = 1U << 24}),
      in.number("server.parallel", "EAI_PARALLEL", "--parallel", &S::parallel,
                "Answers that one model gives at the same time, sharing its context; 0: the engine's default",
                {.highest = 256}),
      in.flag("server.foreground", "EAI_FOREGROUND", "--foreground", &S::foreground,
              "Stay in this terminal until Ctrl-C"),
      in.flag("server.force", "EAI_FORCE", "--force", &S::force, "Replace a running server"),
      in.flag("server.preload", "EAI_PRELOAD", "--preload,!--no-preload", &S::preload,
              "Load the main model at the start, not only when it is first asked for"),
      in.text("server.main_hash", "EAI_MAIN_HASH", "--main-hash", &S::main_hash,
              "The model that is loaded first and answers by default", {.value_name = "HASH", .usual = "random"}),
      in.size("server.memory_limit", "EAI_MEMORY_LIMIT", "--memory-limit", &S::memory_limit,
              "Memory for all engines together, such as 24GB; 0: as much as the machine has"),
      in.number("server.idle_timeout", "EAI_IDLE_TIMEOUT", "--idle-timeout", &S::idle_timeout,
                "Seconds until an unused model is unloaded",
                {.lowest = 1, .highest = 365 * 86400, .value_name = "SECONDS"}),
      in.number("server.start_timeout", "EAI_START_TIMEOUT", "--start-timeout", &S::start_timeout,
                "Seconds that a model may take to load", {.lowest = 1, .highest = 86400, .value_name = "SECONDS"}),
      in.number("server.max_models", "EAI_MAX_MODELS", "--max-models", &S::max_models,
                "Models loaded at the same time; 0: as many as fit into memory", {.highest = 10000}),
      in.text("server.verify_on_load", "EAI_VERIFY_ON_LOAD", "--verify-on-load", &S::verify_on_load,
              "Verify a model each time before its engine is started: not at all, 64 random leaves, or every byte",
              {.choices = {"off", "sample", "full"}, .value_name = "HOW"}),
      in.number("server.patience", "EAI_PATIENCE", "--patience", &S::patience,
                "Seconds that a busy model keeps taking requests while another model waits for its memory",
                {.highest = 3600}),
      in.number("server.queue_limit", "EAI_QUEUE_LIMIT", "--queue-limit", &S::queue_limit,
                "Requests that may wait for one model; more are refused with 503", {.lowest = 1, .highest = 100'000}),
      in.list("server.api_keys", "EAI_API_KEYS", "", &S::api_keys,
              "API keys; a client must send one of them. Required if --host lets other machines in. Not an option, "
              "because others can read a command line"),
      in.text("server.api_key_file", "EAI_API_KEY_FILE", "--api-key-file", &S::api_key_file,
              "File with API keys, one per line; only its owner may be able to read it", {.value_name = "FILE"}),
      in.flag("server.no_auth", "EAI_NO_AUTH", "--no-auth", &S::no_auth, "Let other machines in without a key"),
      in.list("server.allow_hosts", "EAI_ALLOW_HOSTS", "--allow-host", &S::allow_hosts,
              "Name by which clients may reach this server, besides localhost and addresses; may be repeated",
              {.value_name = "NAME", .canonical = canonical_host}),
      in.list("server.allow_origins", "EAI_ALLOW_ORIGINS", "--allow-origin", &S::allow_origins,
              "Origin of web pages or apps that may call this server, such as https://app.example, "
              "http://localhost:* or chrome-extension://*; may be repeated",
              {.value_name = "URL", .canonical = canonical_origin}),
      in.size("server.kv_cache_limit", "EAI_KV_CACHE_LIMIT", "--kv-cache-limit", &S::kv_cache_limit,
              "Disk space for the conversations of unloaded models, so that they continue without being computed "
              "again; 0: none"),
      in.flag("server.private", "EAI_PRIVATE", "--private", &S::keep_private,
              "Write no questions and no answers to disk"),
      in.flag("server.strict_models", "EAI_STRICT_MODELS", "--strict-models", &S::strict_models,
              "Refuse requests for a model that is not served, instead of letting another model answer"),
      in.flag("server.model_names", "EAI_MODEL_NAMES", "--model-names", &S::model_names,
              "Let requests name a model by its folder name too"),
      in.text("server.tls_certificate", "EAI_TLS_CERTIFICATE", "--tls-certificate", &S::tls_certificate,
              "Certificate and its chain, PEM", {.value_name = "FILE"}),
      in.text("server.tls_key", "EAI_TLS_KEY", "--tls-key", &S::tls_key, "Key of the certificate, PEM",
              {.value_name = "FILE"}),
      in.flag("server.remote_images", "EAI_REMOTE_IMAGES", "--remote-images,!--no-remote-images", &S::remote_images,
              "Fetch pictures that requests name by http(s) address; --offline turns this off too"),
      in.flag("server.allow_private_images", "EAI_ALLOW_PRIVATE_IMAGES", "--allow-private-images",
              &S::allow_private_images, "Fetch pictures from this machine and private networks too"),
      in.flag("server.request_log", "EAI_REQUEST_LOG", "--request-log", &S::request_log,
              "Write one line per request, without its content, to requests.log in the log folder"),
  };
}

}  // namespace eai::cli
