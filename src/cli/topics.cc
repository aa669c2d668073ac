#include "cli/topics.h"

#include <algorithm>
#include <array>
#include <map>

#include "cli/help.h"
#include "util/error_map.h"

namespace eai::cli {
namespace {

// What the option is called, the key, and the default: "server.port, --port (default: 8080)".
TopicEntry entry_of(const Setting& setting) {
  std::string text = "[" + std::string(setting.key);
  if (!setting.option.empty()) text += ", " + std::string(setting.long_option());
  return {std::string(setting.variable), without_variable(help_of(setting)) + " " + text + "]"};
}

std::vector<TopicSection> environment() {
  std::vector<TopicSection> out;
  out.push_back({"",
                 {"Every setting can be given as a variable. An option beats the variable, the variable beats the file "
                  "config.toml, and the file beats the default. A variable that is empty counts as unset. The items of "
                  "a list are separated by commas. `eai config list` shows what is in effect, and where it is from."}});
  for (const Setting& setting : settings()) {
    const std::string section(setting.key.substr(0, setting.key.find('.')));
    if (out.back().title != "[" + section + "]") out.push_back({"[" + section + "]", {}});
    out.back().entries.push_back(entry_of(setting));
  }
  out.push_back({"No settings", {}, other_variables()});
  return out;
}

std::vector<TopicSection> exit_codes() {
  return {{"",
           {"The exit status says what kind of thing went wrong. With --json, the error is a line on stdout, too."},
           exit_statuses()}};
}

std::vector<TopicSection> formats() {
  return {
      {"For people",
       {"Results go to stdout, and everything else (progress, notes, warnings, errors) to stderr. On a terminal, "
        "tables "
        "have a heading and fit its width; long texts open in a pager. NO_COLOR turns colours off, and "
        "CLICOLOR_FORCE=1 "
        "turns them on even in a pipe. With --plain, nothing is coloured and nothing moves the cursor, as a screen "
        "reader needs it. -q prints only results and errors."}},
      {"In a pipe",
       {"A table becomes a line for each row, whose cells are separated by tabs. There is no heading, and nothing is "
        "cut. "
        "A tab or a line break inside of a cell is shown as a question mark."},
       {{"eai ls | cut -f1", "the names of the models here"}}},
      {"For programs",
       {"--json prints one object on each line: events of a task as they happen, or the whole result. An error is a "
        "line "
        "with the event \"error\". JSON is always valid UTF-8.",
        "--json=name,hash prints only those fields, in this order. Of `eai ls` and `eai ps`, these are fields of the "
        "models, each of which gets a line of its own. A field that the command does not have is refused, and the "
        "error "
        "lists those that it has; so does --json= alone. An object that has none of the fields is left out.",
        "docs/json.schema.json is a JSON Schema of all that is printed, and docs/json.md explains it."},
       {{"eai ls --json=name,size", "name and size of each model"},
        {"eai ps --json=name,memory_now", "what is loaded, and its memory"},
        {"eai pull qwen3-1.7b --json=event,verified,total", "how a download goes"}}}};
}

std::vector<TopicSection> privacy() {
  return {
      {"",
       {"There is no telemetry and no check for updates. The server listens on this machine alone, unless you give "
        "--host, and then it asks for API keys.",
        "Gateways see which CIDs you request, and your IP address. --offline opens no outgoing connection at all; "
        "models on this disk still run.",
        "Each engine is a child process on a private Unix socket. It fetches nothing by itself.",
        "What an engine has computed for a running conversation is kept in a file that only you can read, while its "
        "model is unloaded to make room. --private turns this off. The lines that you type in a chat are kept in such "
        "a file, too; --no-history turns that off.",
        "Keys of services are read from variables alone and printed nowhere. Models that you preserve are public: "
        "whoever knows the hash can fetch the bytes."}}};
}

std::vector<TopicSection> models() {
  return {
      {"",
       {"A model is named by a name or by its hash, which is a CID such as bafkrei…. The hash alone says which bytes "
        "are meant: what is fetched is compared with it, whoever gave it."},
       {{"qwen3-1.7b", "a name that eai knows; `eai ls --all` lists them"},
        {"my-model", "a name from catalog.toml, or of a model that was made here"},
        {"helper", "a further name, given with `eai cp qwen3-1.7b helper`"},
        {"qwen3-1", "the beginning of a name or a hash, if only one model has it"},
        {"bafkrei…, ipfs://bafkrei…", "any hash, also as part of a gateway's address"},
        {"qwen3-8b,qwen3-embedding-4b", "several models"}}},
      {"Where a whole name is needed",
       {"A beginning is not enough where models are removed, shared, or named in a file."}},
      {"Your own names",
       {"catalog.toml is in the same folder as config.toml, which `eai config path` prints:",
        "[models.my-model]\nhash = \"bafkrei…\"\ntask = \"chat\""}}};
}

std::string_view words_of(Code code) {
  switch (code) {
    case Code::invalid:
      return "wrong command or option, or data that is not what it should be";
    case Code::not_found:
      return "the model does not exist, or no server is running";
    case Code::corrupt:
      return "bytes that do not match their hash";
    case Code::network:
      return "no source could be reached";
    case Code::timeout:
      return "it took too long";
    case Code::busy:
      return "busy: a server is already running, or another process is working on the same thing";
    case Code::io:
      return "the disk, a port or an engine failed, a result could not be printed, or `eai doctor` has found a problem";
    case Code::unsupported:
      return "not possible here, for example because an engine is missing";
    case Code::cancelled:
      return "stopped with Ctrl-C; starting a download again continues it";
  }
  return "";
}

}  // namespace

std::vector<TopicEntry> exit_statuses() {
  std::map<int, std::string> words{{0, "done; a warning on stderr says what was not left on this machine besides"},
                                   {1, "a bug in eai"}};
  for (const Code code : {Code::not_found, Code::corrupt, Code::invalid, Code::io, Code::network, Code::timeout,
                          Code::busy, Code::unsupported, Code::cancelled}) {
    words[face_of(code).exit_status] = words_of(code);
  }
  std::vector<TopicEntry> out;
  for (const auto& [status, text] : words) out.push_back({std::to_string(status), text});
  return out;
}

std::vector<TopicEntry> other_variables() {
  return {
      {"EAI_HOME", "The folder of everything that eai keeps: models, configuration, logs, sockets"},
      {"XDG_DATA_HOME", "Where models lie, in the folder eai, if EAI_HOME is not set"},
      {"XDG_CONFIG_HOME", "The same for config.toml and catalog.toml"},
      {"XDG_STATE_HOME", "The same for logs and for the lines of chats"},
      {"XDG_RUNTIME_DIR", "The same for sockets and locks"},
      {"HOME", "Where all of these lie if neither is set"},
      {"LIGHTHOUSE_API_KEY", "The key for Lighthouse, to which models are preserved"},
      {"EAI_PINNING_KEY", "The key for a pinning service"},
      {"EAI_CLUSTER_LOGIN", "<user>:<password> for an IPFS Cluster"},
      {"HF_ENDPOINT, HF_TOKEN", "Where Hugging Face is, and the key for it"},
      {"https_proxy, http_proxy, all_proxy, no_proxy", "The proxy through which others are asked; capitals work, too"},
      {"SSL_CERT_FILE", "Certificates of those who are trusted"},
      {"VISUAL, EDITOR", "The editor for /edit in a chat"},
      {"PAGER", "The pager for long texts, if EAI_PAGER is not set"},
      {"NO_COLOR", "No colours, even on a terminal"},
      {"CLICOLOR, CLICOLOR_FORCE", "0: no colours; 1: colours even in a pipe, unless NO_COLOR is set"},
      {"TERM, COLORTERM, LC_ALL, LC_CTYPE, LANG", "What the terminal can show; TERM=dumb is as --plain"},
      {"PWD", "What the current folder is called, if a link leads to it"},
      {"PATH", "Where engines are looked for that do not lie beside eai"},
  };
}

std::span<const Topic> topics() {
  static constexpr std::array<Topic, 5> table = {{
      {"environment", "variables that eai reads", environment},
      {"exit-codes", "what an exit status means", exit_codes},
      {"formats", "tables, colours, pages, TSV and JSON", formats},
      {"models", "how models are named", models},
      {"privacy", "what leaves this machine, and what stays on it", privacy},
  }};
  return table;
}

const Topic* find_topic(std::string_view name) {
  const auto found = std::ranges::find(topics(), name, &Topic::name);
  return found == topics().end() ? nullptr : &*found;
}

}  // namespace eai::cli
