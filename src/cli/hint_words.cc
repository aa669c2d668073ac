#include "cli/hint_words.h"

#include "util/shown_text.h"

namespace eai::cli {

std::string_view shell_words(Hint hint) {
  switch (hint) {
    case Hint::none:
      return "";
    case Hint::allow_plain_http:
      return "use --plain-http to allow it";
    case Hint::shorter_context:
      return "a smaller --context-length needs less memory";
    case Hint::smaller_parts:
      return "use a smaller --zip-chunk-size";
    case Hint::larger_parts:
      return "use a larger --zip-chunk-size";
    case Hint::archive_format:
      return "use --format archive, which splits everything into parts";
    case Hint::embedding_task:
      return "use --task embed";
    case Hint::image_task:
      return "preserve an image model with --task image-generation (or image-edit)";
    case Hint::join_split_model:
      return "use --format unixfs, which keeps them as they are, or join them first (llama-gguf-split --merge)";
    case Hint::start_over:
      return "if an earlier run decided this, use --no-resume to start over";
    case Hint::kubo_address:
      return "use --to kubo:<URL> for another node";
    case Hint::lighthouse_key:
      return "or choose other homes with --to";
    case Hint::name_provider:
      return "add --to kubo, or name a provider with --provider <multiaddr>";
    case Hint::stop_server:
      return "stop it with `eai model stop`, or replace it with --force";
    case Hint::served_model:
      return "run `eai model stop` first, or use --force";
    case Hint::repair_model:
      return "`eai model repair <name>` fetches what is damaged";
    case Hint::download_model:
      return "`eai model download <name>` downloads it";
    case Hint::download_or_file:
      return "`eai model download <name>` downloads it; a GGUF file anywhere can be named by its path";
    case Hint::list_names:
      return "`eai model list --all` lists the names; any hash (CID) works too";
    case Hint::list_models:
      return "`eai model list` shows what is here";
    case Hint::llama_engine:
      return "build it with `make`, or name one with --llama-server, EAI_LLAMA_SERVER or engines.llama_server in "
             "config.toml";
    case Hint::image_engine:
      return "build it with `make`, or name one with --image-engine, EAI_IMAGE_ENGINE or engines.image_engine in "
             "config.toml";
    case Hint::go_online:
      return "with --offline, no gateway is asked: leave it out, or name a folder that has the blocks with --blocks";
    case Hint::more_gateways:
      return "name another gateway with --gateway, or leave out --no-public-gateways";
    case Hint::try_again:
      return "run the same command later to continue from here, or add a source with --gateway";
    case Hint::car_home:
      return "with --offline, use --dry-run or --to car:<file>";
    case Hint::set_task:
      return "use --task to change it";
    case Hint::set_ram:
      return "use --ram to change it";
  }
  return "";
}

std::string words_of(const Error& error) {
  constexpr std::string_view k_name = "<name>";
  std::string words(shell_words(error.hint));
  std::string message = without_logins(error.message);
  if (words.empty()) return message;
  if (const auto at = words.find(k_name); at != words.npos && !error.about.empty())
    words.replace(at, k_name.size(), error.about);
  return message + (message.ends_with('?') ? " " : "; ") + words;
}

std::string words_of_note(std::string_view text, Hint hint) {
  const std::string_view words = shell_words(hint);
  return words.empty() ? std::string(text) : std::string(text) + " (" + std::string(words) + ")";
}

}  // namespace eai::cli
