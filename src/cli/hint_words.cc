#include "cli/hint_words.h"

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
      return "join them first (llama-gguf-split --merge)";
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
    case Hint::set_task:
      return "use --task to change it";
    case Hint::set_ram:
      return "use --ram to change it";
  }
  return "";
}

std::string words_of(const Error& error) {
  const std::string_view words = shell_words(error.hint);
  return words.empty() ? error.message : error.message + "; " + std::string(words);
}

}  // namespace eai::cli
