#include "cli/commands.h"

namespace eai::cli {
namespace {

using Keys = std::vector<std::string_view>;

Keys joined(Keys first, const Keys& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

// The options of each group, in the order of --help.
Keys plain_output() { return {"output.plain"}; }
Keys output() { return {"output.json", "output.quiet", "output.plain"}; }

Keys fetching() {
  return {"fetch.gateways", "fetch.public_gateways", "fetch.block_folders", "fetch.sources",
          "fetch.offline",  "fetch.plain_http",      "fetch.connections",   "fetch.max_retries"};
}

Keys serving() {
  return {"server.port",           "server.host",          "server.context_length",  "server.parallel",
          "server.foreground",     "server.force",         "server.memory_limit",    "server.idle_timeout",
          "server.start_timeout",  "server.max_models",    "server.patience",        "server.queue_limit",
          "server.kv_cache_limit", "server.private",       "server.allow_hosts",     "server.allow_origins",
          "server.strict_models",  "server.model_names",   "server.tls_certificate", "server.tls_key",
          "server.api_key_file",   "server.no_auth",       "server.remote_images",   "server.allow_private_images",
          "server.request_log",    "engines.llama_server", "engines.image_engine",   "engines.workers",
          "server.verify_on_load", "server.preload",       "image.metadata",         "image.offload",
          "output.log_level"};
}

// Where models are shared, and with whom.
Keys sharing() { return {"share.host", "share.port", "share.rate", "share.anyone", "share.allow_hosts"}; }

Keys preserving() {
  return {"preserve.folder_path", "preserve.task",        "preserve.ram",     "preserve.hf_repo",
          "preserve.hf_file",     "preserve.config_name", "preserve.lora",    "preserve.zip_chunk_size",
          "preserve.threads",     "fetch.max_retries",    "preserve.to",      "preserve.format",
          "preserve.layout",      "preserve.providers",   "preserve.dry_run", "preserve.resume",
          "job.background",       "preserve.keep_here",   "preserve.timeout", "preserve.pin_timeout",
          "preserve.replicas",    "fetch.offline"};
}

Keys importing() {
  return {"import.name",      "import.projector", "import.copy",          "preserve.task",    "preserve.ram",
          "preserve.hf_repo", "preserve.hf_file", "preserve.config_name", "preserve.threads", "preserve.layout"};
}

Keys drawing() {
  return {"image.output",      "image.model",           "image.size",          "image.steps",    "image.seed",
          "image.n",           "image.negative_prompt", "image.guidance",      "image.quality",  "image.format",
          "image.compression", "image.picture",         "image.mask",          "image.strength", "image.preview",
          "image.force",       "server.port",           "engines.image_engine"};
}

// What is measured, and of the server that is.
Keys measuring() {
  return {"bench.prompt_tokens",  "bench.tokens",          "bench.rounds",    "server.port",
          "server.force",         "server.context_length", "server.parallel", "server.memory_limit",
          "server.start_timeout", "engines.llama_server"};
}

// What decides what is looked at.
Keys looking() {
  return {"doctor.timeout", "server.host",      "server.port",          "fetch.gateways",      "fetch.public_gateways",
          "fetch.offline",  "fetch.plain_http", "engines.llama_server", "engines.image_engine"};
}

// Of the server that makes the vectors.
Keys embedding() {
  return {"embed.file",          "embed.similar",        "embed.top",           "server.port", "server.force",
          "server.idle_timeout", "server.start_timeout", "engines.llama_server"};
}

// Of the server that a chat starts: what is worth a word here; the rest comes from the configuration.
Keys chatting() {
  return {"chat.system",           "chat.temperature",    "chat.max_tokens",      "chat.think",
          "chat.pictures",         "chat.history",        "server.port",          "server.force",
          "server.context_length", "server.idle_timeout", "server.start_timeout", "engines.llama_server"};
}

}  // namespace

bool Command::is_called(std::string_view word, bool at_top) const {
  if (word.empty()) return false;
  if (top != at_top) return at_top && word == short_word;
  return word == name || word == alias;
}

std::string Command::words() const { return (top ? "eai " : "eai model ") + std::string(name); }
std::string Command::page() const { return (top ? "eai-" : "eai-model-") + std::string(name); }

std::span<const Command> commands() {
  using Takes = Command::Takes;
  constexpr std::string_view names = "Names or hashes, separated by commas";
  static const std::vector<Command> table = {
      {"run", "", "Download and serve models; the first is loaded at once, the others on demand", Takes::models, names,
       joined(joined(joined(joined({"share.models"}, serving()), sharing()), fetching()), output()), model_run},
      {"serve", "", "Serve every downloaded model", Takes::nothing, "",
       joined(joined(joined({"server.main_hash", "share.models"}, serving()), sharing()), output()), model_serve},
      {"stop", "", "Stop the running server, or unload models from it", Takes::models,
       "Names or hashes; without any, the server", output(), model_stop, false, false, "stop"},
      {"status", "", "Show the running server and its models", Takes::nothing, "", joined({"status.watch"}, output()),
       model_status},
      {"ps", "", "Show which models are loaded now", Takes::nothing, "", output(), model_ps, false, false, "ps"},
      {"download", "pull", "Download models and verify them", Takes::models, names,
       joined(joined({"download.dry_run", "job.background"}, fetching()), output()), model_download, false, false,
       "pull"},
      {"list", "ls", "List the models on this disk", Takes::nothing, "", joined({"list.all"}, output()), model_list,
       false, false, "ls"},
      {"alias", "cp", "Give a model a further name, or list those names", Takes::text, "The model, and its new name",
       output(), model_alias, false, false, "cp"},
      {"show", "", "Show what a model is, what it needs, and where it comes from", Takes::models, "Names or hashes",
       joined({"show.template", "server.context_length", "server.parallel", "server.memory_limit"}, output()),
       model_show, false, false, "show"},
      {"check", "", "Read models from disk and verify them again", Takes::models,
       "Names or hashes; without any, every model", joined({"job.background"}, output()), model_check},
      {"repair", "", "Verify models again, and fetch what is damaged of them", Takes::models, "Names or hashes",
       joined(joined({"repair.all", "job.background"}, fetching()), output()), model_repair},
      {"export", "", "Write a model as blocks that anybody can verify", Takes::models, "Name or hash",
       joined({"export.output"}, output()), model_export},
      {"import", "", "Take models from CAR files, folders of blocks or GGUF files", Takes::paths,
       "The files or folders; - for the standard input", joined(importing(), output()), model_import},
      {"seed", "", "Share models with others, who verify every byte, until Ctrl-C", Takes::models, "Names or hashes",
       joined(joined({"share.all", "share.cars", "share.records"}, sharing()), output()), model_seed},
      {"remove", "rm", "Remove models and unfinished downloads", Takes::models, "Names or hashes",
       joined({"remove.force"}, output()), model_remove, false, false, "rm"},
      {"adopt", "", "Take over the models in a `llms-storage` folder without downloading them again", Takes::folder,
       "The folder (default: llms-storage)", joined(fetching(), output()), model_adopt},
      {"preserve", "", "Give a model's folder a hash and put it on homes of your choice", Takes::folder,
       "The model's folder (same as --folder-path)", joined(preserving(), output()), model_preserve},
      {"audit", "", "Fetch random pieces of preserved models from their homes and verify them", Takes::models,
       "Names or hashes", joined({"audit.homes", "audit.samples", "fetch.max_retries"}, output()), model_audit},
      {"estimate", "", "Show how much memory a model needs and whether it fits", Takes::models,
       "Names, hashes, or paths of GGUF files",
       joined(
           {"server.context_length", "server.parallel", "server.memory_limit", "engines.workers", "estimate.projector"},
           output()),
       model_estimate},
      {"logs", "", "Print the log of the server, or of a model's engine", Takes::models,
       "Name or hash; without one, the server's log", joined({"logs.follow", "logs.lines"}, output()), model_logs},
      {"worker", "", "Lend this machine's memory to models that run elsewhere, until Ctrl-C", Takes::nothing, "",
       joined({"worker.host", "worker.port", "engines.llama_server"}, output()), worker, true},
      {"image", "", "Draw a picture from a prompt", Takes::text, "What to draw",
       joined(joined(drawing(), fetching()), output()), image, true},
      {"jobs", "", "Show the jobs of the server, and watch, pause, resume, cancel or forget them", Takes::text,
       "list, watch, pause, resume, cancel or forget, and which", output(), jobs, true},
      {"embed", "", "Make vectors of texts, or find the texts that are most similar to one", Takes::model_and_text,
       "Texts; without any, the lines of --file or of standard input",
       joined(joined(embedding(), fetching()), output()), embed, true},
      {"search", "", "Find models by name, task, maker or hash, here and in the catalog", Takes::text,
       "Words that must all occur", output(), search, true},
      {"bench", "", "Measure how fast a model answers through eai, beside its engine alone", Takes::models,
       "Name or hash", joined(joined(measuring(), fetching()), output()), bench, true},
      {"doctor", "", "Look at all that eai needs, and say what to do where it is not well", Takes::nothing, "",
       joined(looking(), output()), doctor, true, true},
      {"config", "", "Show and change settings: get, set, unset, edit, list, path", Takes::text,
       "get, set, unset, edit, list or path, and what they need", output(), config, true, true},
      {"run", "", "Talk to a model; with a prompt or with piped text, answer once", Takes::model_and_text,
       "What to say; without it, and on a terminal, a chat opens", joined(joined(chatting(), fetching()), output()),
       talk, true},
      {"help", "", "Explain a command or a topic: environment, exit-codes, formats, models, privacy", Takes::text,
       "The command or the topic", plain_output(), help, true, true},
      {"completion", "", "Print what makes a shell complete the words of eai", Takes::text, "bash, zsh or fish",
       plain_output(), completion, true, true},
  };
  return table;
}

}  // namespace eai::cli
