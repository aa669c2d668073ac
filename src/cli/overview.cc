#include "cli/overview.h"

#include <algorithm>
#include <array>
#include <map>

#include "cli/help.h"
#include "cli/topics.h"

namespace eai::cli {
namespace {

constexpr std::array<Example, 8> k_first = {{
    {"eai run qwen3-1.7b", "fetch it if needed, verify it, and talk to it"},
    {"eai run qwen3-1.7b \"What is a CID?\"", "answer once; piped text joins the prompt"},
    {"eai model run qwen3-1.7b", "serve it as an OpenAI API on port 8080"},
    {"eai model run qwen3-8b,qwen3-embedding-4b", "several models, each loaded on demand"},
    {"eai ls --all", "the models here, and those that eai knows by name"},
    {"eai show qwen3-1.7b", "what a model is, and whether it fits here"},
    {"eai image \"a red circle\" -o circle.png", "draw with an image model"},
    {"eai stop", "end the server"},
}};

struct Row {
  std::string_view page;
  std::vector<Example> examples;
};

const std::vector<Row>& examples_at_top() {
  static const std::vector<Row> table = {
      {"eai-run",
       {{"eai run qwen3-1.7b", "open a chat"},
        {"eai run qwen3-1.7b \"Why is the sky blue?\"", "answer once"},
        {"git diff | eai run qwen3-1.7b \"Review this\"", "what is piped joins the prompt"},
        {"eai run qwen3-1.7b --json=content \"Hello\"", "only the answer, as JSON"}}},
      {"eai-image",
       {{"eai image \"a red circle\" -o circle.png", "write one picture"},
        {"eai image \"a red circle\" -n 4 --seed 7", "four pictures, which can be drawn again"},
        {"eai image \"at night\" --image day.png --strength 0.6", "change a picture"}}},
      {"eai-embed",
       {{"eai embed qwen3-embedding-0.6b \"a text\" --json", "its vector"},
        {"eai embed qwen3-embedding-0.6b --file notes.txt --similar \"bread\"",
         "the lines that mean something like it"}}},
      {"eai-search", {{"eai search qwen3 embed", "by words of name, task or maker"}}},
      {"eai-bench", {{"eai bench qwen3-1.7b", "beside the engine alone"}}},
      {"eai-doctor",
       {{"eai doctor", "what is well, and what to do where it is not"},
        {"eai doctor --offline", "without asking the network"}}},
      {"eai-jobs",
       {{"eai pull qwen3-8b --background", "begin a job"},
        {"eai jobs", "all jobs, and how far they are"},
        {"eai jobs watch", "those that work, to their end"},
        {"eai jobs pause 3", "one of them, until it is resumed"}}},
      {"eai-worker", {{"eai worker --host 192.168.1.5", "lend this machine's memory to another one"}}},
      {"eai-config",
       {{"eai config list", "all settings, and where each is from"},
        {"eai config set server.port 8090", "write one into config.toml"},
        {"eai config unset server.port", "go back to the default"}}},
      {"eai-help",
       {{"eai help model run", "the options of a command"}, {"eai help environment", "the variables that eai reads"}}},
      {"eai-completion",
       {{"eai completion bash > ~/.local/share/bash-completion/completions/eai", "for bash"},
        {"eai completion zsh > ~/.zfunc/_eai", "for zsh, if ~/.zfunc is in its fpath"},
        {"eai completion fish > ~/.config/fish/completions/eai.fish", "for fish"}}},
  };
  return table;
}

const std::vector<Row>& examples_of_models() {
  static const std::vector<Row> table = {
      {"eai-model-run",
       {{"eai model run qwen3-1.7b", "serve it on port 8080, in the background"},
        {"eai model run qwen3-1.7b --port 0 --foreground", "on a free port, until Ctrl-C"},
        {"eai model run qwen3-8b --context-length 16384", "with less memory"},
        {"eai model run --hash bafkrei… --offline", "by hash, and without a network"}}},
      {"eai-model-serve", {{"eai model serve --idle-timeout 600", "all models here, unloaded after ten minutes"}}},
      {"eai-model-stop", {{"eai stop", "end the server"}, {"eai stop qwen3-8b", "unload one model"}}},
      {"eai-model-status",
       {{"eai model status --watch", "once a second"}, {"eai model status --json=url,pid", "for a script"}}},
      {"eai-model-ps", {{"eai ps", "what is loaded"}, {"eai ps --json=name,memory_now", "for a script"}}},
      {"eai-model-logs",
       {{"eai model logs -f", "the server's log, as it grows"}, {"eai model logs qwen3-8b -n 20", "of one engine"}}},
      {"eai-model-download",
       {{"eai pull qwen3-1.7b", "download and verify"},
        {"eai pull qwen3-8b --dry-run", "how many bytes are missing"},
        {"eai pull qwen3-8b --gateway http://192.168.1.5:8080", "ask this gateway first"}}},
      {"eai-model-list",
       {{"eai ls", "the models here"},
        {"eai ls --all", "also those that are known by name"},
        {"eai ls --json=name,size", "for a script"},
        {"eai ls | cut -f1", "names only"}}},
      {"eai-model-show",
       {{"eai show qwen3-1.7b", "what it is, and what it needs"},
        {"eai show qwen3-1.7b --template > chat.jinja", "its chat template"}}},
      {"eai-model-alias", {{"eai cp qwen3-1.7b helper", "a further name"}, {"eai cp", "all such names"}}},
      {"eai-model-check", {{"eai model check", "every model here"}, {"eai model check qwen3-8b", "one model"}}},
      {"eai-model-repair", {{"eai model repair qwen3-8b", "fetch what is damaged of it"}}},
      {"eai-model-remove", {{"eai rm qwen3-8b", "remove it, or what is left of a download"}}},
      {"eai-model-adopt", {{"eai model adopt ~/llms-storage", "take over without downloading again"}}},
      {"eai-model-import",
       {{"eai model import model.car", "from a CAR file"},
        {"eai model import Qwen3-8B-Q8_0.gguf --name my-model", "from a GGUF file"},
        {"curl https://box.example/m.car | eai model import -", "from a pipe"}}},
      {"eai-model-export",
       {{"eai model export qwen3-8b -o qwen3-8b.car", "into a CAR file"},
        {"eai model export qwen3-8b -o /media/stick/blocks", "into a folder of blocks"}}},
      {"eai-model-seed",
       {{"eai model seed qwen3-8b", "on this machine"},
        {"eai model seed --all --share-host 0.0.0.0", "with the local network"}}},
      {"eai-model-preserve",
       {{"eai model preserve my-model --dry-run", "compute every CID and send nothing"},
        {"eai model preserve my-model --to kubo --to car:my-model.car", "to your own node, and to a file"}}},
      {"eai-model-audit",
       {{"eai model audit my-model --home kubo --samples 32", "fetch random pieces and verify them"}}},
      {"eai-model-estimate",
       {{"eai model estimate qwen3-8b --context-length 16384", "of a model"},
        {"eai model estimate ./model.gguf", "of a file"}}},
  };
  return table;
}

struct Group {
  std::string_view title;
  std::vector<std::string_view> pages;
};

const std::vector<Group>& table_of_groups() {
  static const std::vector<Group> table = {
      {"Talk, draw and serve",
       {"eai-run", "eai-image", "eai-embed", "eai-model-run", "eai-model-serve", "eai-model-stop", "eai-model-ps",
        "eai-model-status", "eai-model-logs", "eai-jobs", "eai-worker"}},
      {"Models on this machine",
       {"eai-search", "eai-model-download", "eai-model-list", "eai-model-show", "eai-model-estimate", "eai-model-alias",
        "eai-model-check", "eai-model-repair", "eai-model-remove", "eai-model-import", "eai-model-adopt"}},
      {"Share and preserve", {"eai-model-export", "eai-model-seed", "eai-model-preserve", "eai-model-audit"}},
      {"Look and tune", {"eai-doctor", "eai-bench", "eai-config", "eai-help", "eai-completion"}},
  };
  return table;
}

constexpr std::size_t k_names = 18;  // columns

std::string row_of(std::string_view name, std::string_view says, std::size_t columns) {
  return entry_lines(name, says, k_names, columns);
}

}  // namespace

std::span<const Example> first_examples() { return k_first; }

std::vector<Example> examples_of(const Command& command) {
  const std::vector<Row>& table = command.top ? examples_at_top() : examples_of_models();
  const auto found = std::ranges::find(table, command.page(), &Row::page);
  return found == table.end() ? std::vector<Example>() : found->examples;
}

std::vector<CommandGroup> command_groups() {
  std::map<std::string, const Command*> left;
  for (const Command& command : commands()) left[command.page()] = &command;
  std::vector<CommandGroup> out;
  for (const Group& group : table_of_groups()) {
    out.push_back({group.title, {}});
    for (const std::string_view page : group.pages) {
      if (auto node = left.extract(std::string(page))) out.back().commands.push_back(node.mapped());
    }
  }
  if (!left.empty()) out.push_back({"More", {}});
  for (const auto& [page, command] : left) out.back().commands.push_back(command);
  return out;
}

std::string usual_words(const Command& command) {
  if (!command.short_word.empty()) return std::string(command.short_word);
  return (command.top ? "" : "model ") + std::string(command.name);
}

std::string overview(std::size_t columns) {
  std::string out = paragraph_lines(k_about, columns) + "\nUsage: eai <command> [options]\n\nExamples:\n" +
                    example_lines(first_examples(), columns);
  for (const CommandGroup& group : command_groups()) {
    out += "\n" + std::string(group.title) + ":\n";
    for (const Command* command : group.commands) out += row_of(usual_words(*command), command->help, columns);
  }
  out +=
      "\nLearn more:\n" + row_of("help <command>", "Its examples and options; <command> --help does the same", columns);
  std::string names;
  for (const Topic& topic : topics()) names += (names.empty() ? "" : ", ") + std::string(topic.name);
  out += row_of("help <topic>", names, columns);
  out += row_of("--version", "Print the version", columns);
  out += "\n" + paragraph_lines(
                    "What stands here as ls, pull or rm is short for model list, model download and model "
                    "remove. Settings can also be EAI_... variables or keys in config.toml.",
                    columns);
  return out;
}

std::string model_overview(std::size_t columns) {
  std::string out = "Run, download and manage models\n\nUsage: eai model <command> [options]\n";
  for (const CommandGroup& group : command_groups()) {
    std::string rows;
    for (const Command* command : group.commands) {
      if (!command->top) rows += row_of(command->name, command->help, columns);
    }
    if (!rows.empty()) out += "\n" + std::string(group.title) + ":\n" + rows;
  }
  return out + "\nLearn more:\n" + row_of("<command> --help", "Its examples and options", columns);
}

}  // namespace eai::cli
